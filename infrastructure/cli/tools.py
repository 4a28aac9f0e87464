"""`diboas migrate` and `diboas verify`."""

import asyncio

from infrastructure.cli import entry_points
from infrastructure.cli.checks import check_database
from infrastructure.settings import StartupError, owner_url


def migrate(*, after_restore: bool) -> int:
    """Upgrade with the owner's URL; no other setting is needed for it."""
    from alembic.util.exc import CommandError

    url = owner_url()
    check_database(url)
    try:
        entry_points.upgrade()(url)
    except CommandError as error:
        raise StartupError(
            f"the database was migrated by another version of diboas: {error}"
        ) from None
    if after_restore:
        entry_points.after_restore()(url)
    print("diboas migrate: the database is at the newest schema")
    return 0


def verify() -> int:
    """Reads as the application does, whoever's URL it is: no other setting is needed for it."""
    url = owner_url()
    check_database(url)
    return asyncio.run(_verify(url))


async def _verify(url: str) -> int:
    import asyncpg

    from infrastructure.db.migrate import check_schema
    from infrastructure.db.pool import create_pool

    try:
        pool = await create_pool(url, size_max=1)
    except asyncpg.InvalidParameterValueError as error:  # the application's role is not there yet
        raise StartupError(f"the database has no schema ({error}): run diboas migrate") from None
    try:
        await check_schema(pool)
    finally:
        await pool.close()
    return await entry_points.verify()(url)
