"""The benches count every commit that wrote anything of a flow's."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bench.commits import UPKEEP, CommitCounter, Commits
from infrastructure.embedded.postgres import EmbeddedPostgres

Counted = tuple["asyncpg.Connection[asyncpg.Record]", CommitCounter]
TABLES = (*UPKEEP, "inbox")
BESIDE = "INSERT INTO inbox VALUES (1, 'a')"
UPKEPT = tuple(f"INSERT INTO {table} VALUES (1, 'a')" for table in UPKEEP)
NESTED = "DO $$ BEGIN BEGIN {} ; EXCEPTION WHEN division_by_zero THEN END; END $$"


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    """A server of this test's alone: the WAL is of all databases. The tables have indexes."""
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        connection = await asyncpg.connect(server.url("postgres"))
        for table in TABLES:
            await connection.execute(f"CREATE TABLE {table} (id int, content text)")
            await connection.execute(f"CREATE INDEX ON {table} (id)")
        counter = await CommitCounter.opened(server.url("postgres"))
        yield connection, counter
        await counter.close()
        await connection.close()


async def test_what_wrote_more_than_upkeep_counts(
    counted: Counted,
) -> None:
    connection, counter = counted
    first = await counter.mark()
    for statement in (*UPKEPT, "UPDATE lease SET content = 'b'", "DELETE FROM lease"):
        await connection.execute(statement)
    await connection.fetch("SELECT * FROM inbox")
    upkeep = Commits(writes=0, upkeep=len(UPKEEP) + 2)
    assert await counter.since(first) == upkeep

    first = await counter.mark()
    await connection.execute(BESIDE)
    await connection.execute("SELECT pg_notify('a', 'b')")
    async with connection.transaction():
        await connection.execute(UPKEPT[0])
        await connection.execute(BESIDE)
    # The WAL has each nested transaction's blocks under a number of its own.
    for inner, outer in ((BESIDE, UPKEPT[0]), (UPKEPT[0], BESIDE)):
        async with connection.transaction():
            await connection.execute(outer)
            await connection.execute(NESTED.format(inner))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute(f"BEGIN; {BESIDE}; SELECT 1 / 0")
    assert await counter.since(first) == Commits(writes=5, upkeep=0)
