"""A message waits a moment for a commit to go with, and then goes by itself."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import msgspec

from domain.shared.ids import StreamId, WalletId
from domain.shared.unit import Committed, Message, Unit
from infrastructure.db.committer import RIDERS_MAX, Committer
from infrastructure.db.pool import Connection
from tests.unit.sagas.stage import turn

FOR_EVER = 3_600.0
UNIT = Unit(
    stream_id=StreamId(UUID(int=1)),
    wallet_id=WalletId(UUID(int=2)),
    expected_sequence=0,
)


def message(name: str = "one") -> Message:
    return Message(source="bridge", message_id=name, headers={}, body="{}", reference="ref")


@dataclass
class Database:
    """Takes every batch, once it is let to, and remembers what was in it."""

    batches: list[Mapping[str, Any]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def connect(self) -> Connection:
        return cast("Connection", self)

    async def close(self) -> None:
        """Nothing to close."""

    async def fetchval(self, _query: str, batch: msgspec.Raw, *_: object) -> Mapping[str, Any]:
        self.batches.append(msgspec.json.decode(batch))
        self.reached.set()
        await self.open.wait()
        return {"refused": {}, "epochs": {}}

    @property
    def stored(self) -> list[tuple[int, list[str]]]:
        """How many units and which messages were in each batch."""
        return [
            (
                len(batch.get("units", ())),
                [each["message_id"] for each in batch.get("messages", ())],
            )
            for batch in self.batches
        ]


async def started(database: Database, *, ride_seconds: float) -> Committer:
    committer = Committer(database.connect, ride_seconds=ride_seconds)
    await committer.start()
    return committer


async def test_it_goes_with_what_is_committed_next() -> None:
    database = Database()
    committer = await started(database, ride_seconds=FOR_EVER)
    riding = asyncio.create_task(committer.ride(message()))
    await turn()
    assert (database.stored, riding.done()) == ([], False)

    assert await committer.commit(UNIT) == Committed()
    assert await riding
    assert database.stored == [(1, ["one"])]
    await committer.close()


async def test_it_is_not_said_to_be_stored_before_it_is() -> None:
    database = Database()
    database.open.clear()
    committer = await started(database, ride_seconds=0)
    riding = asyncio.create_task(committer.ride(message()))
    await database.reached.wait()
    await turn()
    assert not riding.done()
    database.open.set()
    assert await riding
    await committer.close()


async def test_without_company_those_that_wait_go_together() -> None:
    database = Database()
    committer = await started(database, ride_seconds=0)
    assert all(await asyncio.gather(*(committer.ride(message(name)) for name in ("one", "two"))))
    assert database.stored == [(0, ["one", "two"])]
    await committer.close()


async def test_only_so_many_go_at_once() -> None:
    database = Database()
    committer = await started(database, ride_seconds=FOR_EVER)
    names = [str(number) for number in range(RIDERS_MAX + 1)]
    riding = [asyncio.create_task(committer.ride(message(name))) for name in names]
    await turn()
    await committer.commit(UNIT)
    await committer.close()
    assert all(await asyncio.gather(*riding))
    assert database.stored == [(1, names[:RIDERS_MAX]), (0, names[RIDERS_MAX:])]


async def test_who_closes_leaves_nothing_behind_and_takes_nothing_more() -> None:
    database = Database()
    committer = await started(database, ride_seconds=FOR_EVER)
    riding = asyncio.create_task(committer.ride(message()))
    await turn()
    await committer.close()
    assert await riding
    assert database.stored == [(0, ["one"])]
    assert not await committer.ride(message("late"))
