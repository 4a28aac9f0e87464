"""How many transactions that wrote a database has committed, by its WAL: those that keep the
platform going, which come with time, and all others, whoever caused them.

A commit is told by the tables that it wrote. Nothing is estimated and nothing is subtracted: what
wrote anything beside the tables of UPKEEP counts.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from infrastructure.embedded.postgres import SUPERUSER

UPKEEP: Final = ("lease", "relay_cursor", "relay_channel", "reactor_cursor", "provider_health")
"""Written as time goes by, however much happens: tenures every few seconds, the places of relay and
reactors every two and ten, the health of providers every thirty. Where a watcher of deposits stands
is not among them: what a flow moves on a chain is what moves it."""

_MARK: Final = "SELECT pg_current_wal_flush_lsn()::text"
# Who is not known by a block of UPKEEP alone counts: of nested transactions the WAL names the inner
# ones, and what it names without a block may be anything.
_COMMITS: Final = """
    WITH upkeep AS (
        SELECT pg_relation_filenode(r.oid) AS node
        FROM unnest($3::regclass[]) AS t(oid), LATERAL (
            SELECT t.oid UNION ALL SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = t.oid
        ) AS r(oid)
    ), written AS (
        SELECT b.xid, bool_and(b.relfilenode IN (SELECT u.node FROM upkeep u)) AS is_upkeep
        FROM pg_get_wal_block_info($1::text::pg_lsn, $2::text::pg_lsn, false) b GROUP BY b.xid
    )
    SELECT count(*) FILTER (WHERE w.is_upkeep AND c.description NOT LIKE '%subxacts%') AS upkeep,
        count(*) AS all
    FROM pg_get_wal_records_info($1::text::pg_lsn, $2::text::pg_lsn) c
    LEFT JOIN written w ON w.xid = c.xid
    WHERE c.resource_manager = 'Transaction' AND c.record_type LIKE 'COMMIT%'
"""


@dataclass(frozen=True, slots=True)
class Commits:
    """Transactions that wrote: `writes` beside those of `upkeep`."""

    writes: int
    upkeep: int


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

    async def mark(self) -> str:
        """Up to where the WAL is written now."""
        position: str = await self._connection.fetchval(_MARK)
        return position

    async def since(self, first: str) -> Commits:
        """What was committed from `first`, a mark, up to now."""
        row = await self._connection.fetchrow(_COMMITS, first, await self.mark(), UPKEEP)
        assert row is not None
        return Commits(writes=row["all"] - row["upkeep"], upkeep=row["upkeep"])
