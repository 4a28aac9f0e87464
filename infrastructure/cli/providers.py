"""`diboas provider …`: an operator sees the providers, and switches one off or on with a reason."""

import getpass
from collections.abc import Mapping
from pathlib import Path

from infrastructure.cli.database import with_database
from infrastructure.db.pool import Pool
from infrastructure.db.standings import StandingStore, Switched
from infrastructure.services.providers import load_providers
from infrastructure.services.standings import FAILURES_MAX
from infrastructure.settings import StartupError


def list_providers(up_dir: Path) -> int:
    """Prints each provider with what it is, whether it may be used, and who last said so."""
    return with_database(up_dir, _list)


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

    return with_database(up_dir, store)


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
