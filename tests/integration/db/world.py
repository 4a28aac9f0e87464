"""A ledger of one test: its committers, its connections, and what stands in it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from domain.shared.ids import EventId, HoldId, StreamId
from domain.shared.unit import Account, CommitResult
from infrastructure.db.committer import Committer
from infrastructure.db.invariants import Violation, check
from infrastructure.db.pool import Connection, Pool, connect, install_codecs
from tests.conftest import Database
from tests.integration.db.units import deposit, unit


@dataclass(frozen=True, slots=True)
class Standing:
    """What a balance says, in base units."""

    posted: int = 0
    held: int = 0
    soft: int = 0
    incoming: int = 0


@dataclass(slots=True)
class World:
    """`committer` and `pool` act as the application, `admin` as the superuser."""

    database: Database
    pool: Pool
    admin: Connection
    committer: Committer
    closing: contextlib.AsyncExitStack

    async def commit(self, *parts: dict[str, Any], **more: Any) -> CommitResult:  # noqa: ANN401  the fields of a Unit
        """One unit in a stream of its own."""
        return await self.committer.commit(unit(None, *parts, **more))

    async def fund(self, account: Account, amount: int) -> None:
        await self.commit(deposit(account, amount))

    async def another_committer(
        self, *, lanes: int = 1, lease_owner: str | None = None, lease_seconds: float = 30.0
    ) -> Committer:
        """A committer with connections of its own, closed with the world."""
        committer = Committer(
            self.connect, lanes=lanes, lease_owner=lease_owner, lease_seconds=lease_seconds
        )
        await committer.start()
        self.closing.push_async_callback(committer.close)
        return committer

    async def connect(self) -> Connection:
        return await connect(self.database.app_url)

    async def standing(self, account: Account) -> Standing:
        row = await self.pool.fetchrow(
            "SELECT posted, held, soft, incoming FROM balance WHERE account_id = $1", account.id
        )
        return Standing() if row is None else Standing(**dict(row))

    async def hold(self, hold_id: HoldId) -> tuple[int, int, int]:
        """Amount, captured, released."""
        row = await self.pool.fetchrow(
            "SELECT amount, captured, released FROM hold WHERE id = $1", hold_id
        )
        assert row is not None
        return row["amount"], row["captured"], row["released"]

    async def events(self, stream_id: StreamId) -> list[EventId]:
        """What is stored of a stream, in its order."""
        rows = await self.pool.fetch(
            "SELECT event_id FROM outbox WHERE stream_id = $1 ORDER BY sequence", stream_id
        )
        return [EventId(row["event_id"]) for row in rows]

    async def violations(self) -> Sequence[Violation]:
        async with self.pool.acquire() as connection:
            return await check(connection)


async def superuser(database: Database) -> Connection:
    connection: Connection = await asyncpg.connect(database.admin_url)
    await install_codecs(connection)
    return connection
