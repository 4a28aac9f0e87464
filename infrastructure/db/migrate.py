"""Brings a database to the schema that this code wants, and says whether it is there."""

import asyncio
import io
from pathlib import Path
from typing import Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from infrastructure.db.pool import Pool, clean_url
from infrastructure.settings import StartupError

_GENERATION_ERROR: Final = "DB001"


# One migration at a time in a database; the number is arbitrary and the same for all versions.
_MIGRATION_LOCK: Final = 4_017_209_311


class SchemaError(StartupError):
    """The database cannot be used as it is; the message is one line for the user."""


def upgrade(admin_url: str) -> None:
    """Create or upgrade the schema. The login may create roles, or both roles exist."""
    asyncio.run(_upgrade(admin_url))


def open_generation(admin_url: str) -> int:
    """After a restore: the event log goes on in a new generation, whose number is returned."""
    return asyncio.run(_open_generation(admin_url))


def newest_version() -> str:
    """The version of the schema that this code was written for."""
    head = ScriptDirectory(str(_migrations())).get_current_head()
    if head is None:
        raise SchemaError("the migrations are missing from this installation")
    return head


async def schema_version(pool: Pool) -> str | None:
    """The version of the database's schema; None: never migrated."""
    try:
        version: str | None = await pool.fetchval("SELECT version_num FROM alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return None
    return version


async def check_schema(pool: Pool) -> None:
    """Raise `SchemaError` unless this code can go on with the database as it is."""
    version = await schema_version(pool)
    if version != newest_version():
        found = f"version {version}" if version else "no schema"
        raise SchemaError(
            f"the database has {found}, this code wants {newest_version()}: run diboas migrate"
        )
    try:
        await pool.execute("SELECT assert_generation()")
    except asyncpg.PostgresError as error:
        if error.sqlstate != _GENERATION_ERROR:
            raise
        raise SchemaError(
            "the database was restored from a dump: run diboas migrate --after-restore"
        ) from error


async def _upgrade(admin_url: str) -> None:
    """Alembic writes the script, asyncpg runs it, in one transaction: no second driver."""
    connection = await asyncpg.connect(clean_url(admin_url))
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            present = await _present_version(connection)
            if present != newest_version():
                await connection.execute(_script(present))
    finally:
        await connection.close()


async def _present_version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return version


def _script(present: str | None) -> str:
    output = io.StringIO()
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    command.upgrade(config, f"{present}:head" if present else "head", sql=True)
    return output.getvalue()


async def _open_generation(admin_url: str) -> int:
    connection = await asyncpg.connect(clean_url(admin_url))
    try:
        number: int = await connection.fetchval("SELECT open_generation()")
        return number
    finally:
        await connection.close()


def _migrations() -> Path:
    """In a checkout beside the packages; in a wheel inside this one's parent."""
    parent = Path(__file__).parents[1]
    installed = parent / "_alembic"
    return installed if installed.is_dir() else parent.parent / "alembic"
