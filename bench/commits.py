"""How many transactions a database has committed: those that wrote, by its WAL, and all of them."""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from infrastructure.embedded.postgres import SUPERUSER

# Idle sessions report what they did after a second at the latest.
_REPORTED_SECONDS: Final = 1.5
_MARK: Final = """
    SELECT xact_commit, pg_current_wal_flush_lsn()::text AS position,
        extract(epoch FROM clock_timestamp())::float8 AS at
    FROM pg_stat_database WHERE datname = current_database()
"""
_WRITES: Final = """
    SELECT coalesce(sum(count), 0)::bigint
    FROM pg_get_wal_stats($1::text::pg_lsn, $2::text::pg_lsn, true)
    WHERE "resource_manager/record_type" = 'Transaction/COMMIT'
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a database's life."""

    commits: int
    position: str
    at: float


@dataclass(frozen=True, slots=True)
class Commits:
    """What was committed between two marks: transactions that wrote, and all that ended well."""

    writes: int
    all: int
    seconds: float

    def beyond(self, idle: "Commits") -> "Commits":
        """Without what the platform commits in that time anyhow."""
        share = self.seconds / idle.seconds
        return Commits(
            writes=round(self.writes - idle.writes * share),
            all=round(self.all - idle.all * share),
            seconds=self.seconds,
        )


class CommitCounter:
    """Reads as the superuser of the embedded server at the application's URL."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @classmethod
    async def opened(cls, app_url: str) -> "CommitCounter":
        parts = urlsplit(app_url)
        url = urlunsplit(parts._replace(netloc=f"{SUPERUSER}@"))
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        # What the server tidies up by itself is no flow's, and comes and goes by chance.
        await connection.execute("ALTER SYSTEM SET autovacuum = off")
        await connection.execute("SELECT pg_reload_conf()")
        return cls(connection)

    async def close(self) -> None:
        await self._connection.close()

    async def mark(self) -> Mark:
        """Now, once everybody has reported."""
        await asyncio.sleep(_REPORTED_SECONDS)
        row = await self._connection.fetchrow(_MARK)
        assert row is not None
        return Mark(row["xact_commit"], row["position"], row["at"])

    async def since(self, first: Mark) -> Commits:
        last = await self.mark()
        writes = await self._connection.fetchval(_WRITES, first.position, last.position)
        return Commits(writes, last.commits - first.commits, last.at - first.at)
