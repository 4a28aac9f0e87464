"""`diboas provider …`: an operator sees the providers, and switches one off or on with a reason."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from infrastructure.cli.checks import check_database
from infrastructure.db.migrate import check_schema
from infrastructure.db.pool import Pool, create_pool
from infrastructure.db.standings import StandingStore, Switched
from infrastructure.services.providers import load_providers
from infrastructure.services.standings import FAILURES_MAX
from infrastructure.settings import SettingsError, StartupError, owner_url


class _Ready(msgspec.Struct, frozen=True):
    """The part of the ready file that tells where the database is."""

    database_url: str


def list_providers(up_dir: Path) -> int:
    """Prints each provider with what it is, whether it may be used, and who last said so."""
    return _with_database(up_dir, _list)


def switch(provider: str, *, enabled: bool, reason: str, operator: str | None, up_dir: Path) -> int:
    """Running processes hear of it within seconds; what is under way goes on. Raises
    `StartupError` for a provider that is not listed or a reason that is none."""
    name, why = provider.strip().lower(), reason.strip()
    if name not in load_providers().registry.entries:
        raise StartupError(f"there is no provider {name}: diboas provider list shows them")
    if not why:
        raise StartupError("a reason is needed: it is kept with the change")
    who = (operator or getpass.getuser()).strip()

    async def store(pool: Pool) -> None:
        await StandingStore(pool).switch(name, enabled=enabled, reason=why, operator=who)
        print(f"{name} is {'enabled' if enabled else 'disabled'} by {who}: {why}")

    return _with_database(up_dir, store)


async def _list(pool: Pool) -> None:
    store = StandingStore(pool)
    switched, failures = await store.switched(), await store.failures()
    for name, entry in load_providers().registry.entries.items():
        said = switched.get(name)
        state = _state(listed=entry.enabled, said=said, failures=failures, name=name)
        by = (
            "" if said is None else f"  {said.at:%Y-%m-%d %H:%M} UTC {said.operator}: {said.reason}"
        )
        print(f"{name:<14}{entry.kind.value:<10}{state:<11}{by}".rstrip())


def _state(*, listed: bool, said: Switched | None, failures: Mapping[str, int], name: str) -> str:
    if not listed or (said is not None and not said.enabled):
        return "disabled"
    return "unhealthy" if failures.get(name, 0) >= FAILURES_MAX else "enabled"


def _with_database(up_dir: Path, work: Callable[[Pool], Awaitable[None]]) -> int:
    url = _url(up_dir)
    check_database(url)
    asyncio.run(_carry_out(url, work))
    return 0


def _url(up_dir: Path) -> str:
    """The database's of the settings, else that of a running `diboas up`."""
    try:
        return owner_url()
    except SettingsError as unset:
        try:
            content = (up_dir / "ready.json").read_bytes()
            return msgspec.json.decode(content, type=_Ready).database_url
        except (OSError, msgspec.MsgspecError):
            raise unset from None


async def _carry_out(url: str, work: Callable[[Pool], Awaitable[None]]) -> None:
    pool = await create_pool(url, size_max=1)
    try:
        await check_schema(pool)
        await work(pool)
    finally:
        await pool.close()
