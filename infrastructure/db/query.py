"""Runs SQLAlchemy Core statements on asyncpg directly: composed once, at the driver's speed.

Values come back as the pool's codecs make them (numeric as int, jsonb as objects).
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

from infrastructure.db.pool import Pool

Row: TypeAlias = Mapping[str, Any]

_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # the library leaves it untyped


class Query:
    """A statement, compiled when it is made; its values are given by the names of its bindparams.

    Bound it with a limit, or by what it is asked for.
    """

    def __init__(self, statement: Select[Any]) -> None:
        made = statement.compile(dialect=_DIALECT)
        assert isinstance(made, SQLCompiler)  # noqa: S101  only DDL compiles to anything else
        self.text = str(made)
        self._names = tuple(made.positiontup or ())
        self._constants = made.construct_params(_check=False)

    def values(self, **given: object) -> list[Any]:
        """The statement's $1, $2, … in their order."""
        values = {**self._constants, **given}
        return [values[name] for name in self._names]

    async def all(self, pool: Pool, **given: object) -> list[Row]:
        """All rows."""
        return [dict(row) for row in await pool.fetch(self.text, *self.values(**given))]

    async def first(self, pool: Pool, **given: object) -> Row | None:
        """The first row, if any."""
        row = await pool.fetchrow(self.text, *self.values(**given))
        return None if row is None else dict(row)
