"""The Core tables say what the migrated database has: names, types, and what may be missing."""

from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

from infrastructure.db.pool import create_pool
from infrastructure.db.tables import metadata
from tests.conftest import Database

_COLUMNS = """
    SELECT c.relname AS table_name, a.attname AS name,
        format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
        coalesce(a.attnum = ANY (i.indkey), false) AS key
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1::text[])
        AND a.attnum > 0 AND NOT a.attisdropped
"""
_SPELT = {"TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "NUMERIC(38, 0)": "numeric(38,0)"}

Described = tuple[str, str, str, bool, bool]


def described(column: Column[object]) -> Described:
    kind = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]
    name = _SPELT.get(kind, kind.lower())
    return column.table.name, column.name, name, bool(column.nullable), column.primary_key


async def test_the_core_tables_are_those_of_the_database(database: Database) -> None:
    pool = await create_pool(database.app_url)
    rows = await pool.fetch(_COLUMNS, list(metadata.tables))
    await pool.close()
    stored: set[Described] = {
        (row["table_name"], row["name"], row["type"], row["nullable"], row["key"]) for row in rows
    }
    assert {described(c) for table in metadata.tables.values() for c in table.columns} == stored
