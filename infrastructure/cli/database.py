"""What an operator's command does in the database, beside the processes that run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from infrastructure.cli.checks import check_database
from infrastructure.db.migrate import check_schema
from infrastructure.db.pool import Pool, create_pool
from infrastructure.settings import SettingsError, owner_url


class _Ready(msgspec.Struct, frozen=True):
    """The part of the ready file that tells where the database is."""

    database_url: str


def with_database(up_dir: Path, work: Callable[[Pool], Awaitable[None]]) -> int:
    """Runs `work` over the operator's database; 0. Raises `StartupError` for one that cannot be
    used."""
    url = operator_url(up_dir)
    check_database(url)
    asyncio.run(_carry_out(url, work))
    return 0


def operator_url(up_dir: Path) -> str:
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
