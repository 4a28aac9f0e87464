"""The event log under 12 writers: whoever follows it sees every event once, as it was stored, and
those of a stream in their order, however long some transactions stay open."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Protocol, TypeVar

import pytest

from domain.contracts.envelope import Event
from domain.contracts.events import TransactionRefused
from domain.shared.ids import StreamId
from domain.shared.unit import Account, CommitResult, Committed, Group, Stale, Unit
from infrastructure.db.committer import Committer
from infrastructure.db.news import NewsReader
from infrastructure.db.pool import Connection
from infrastructure.db.positions import START, Logged, Position
from infrastructure.db.streams import READ_EVENTS_MAX, StreamReader
from tests.integration.db.units import stream, transfer, unit, user_account
from tests.integration.db.world import World

WRITERS: Final = 12
STREAMS: Final = 8
ACCOUNTS: Final = 12
STREAMS_AT_ONCE: Final = 3
ROUNDS_A_WRITER: Final = 6
BET_SHARE: Final = 0.5
OPEN_SECONDS_MAX: Final = 0.02
PAGE_EVENTS: Final = 7  # few, so that pages end amid the events of a unit
POLL_SECONDS: Final = 0.002
POLLS_MAX: Final = 2_000
GROUP: Final = Group.WALLET
ALL_READABLE: Final = """
    SELECT pg_snapshot_xmin(pg_current_snapshot()) > xid FROM outbox ORDER BY xid DESC LIMIT 1
"""

Pause = Callable[[], Awaitable[None]]


class Found(Protocol):
    """What a reader finds in the log."""

    @property
    def position(self) -> Position: ...


T = TypeVar("T", bound=Found)


class Lingering:
    """A connection whose transactions stay open for a while behind their last statement."""

    def __init__(self, real: Connection, pause: Pause) -> None:
        self._real = real
        self._pause = pause

    async def fetchval(self, *arguments: Any) -> Any:  # noqa: ANN401  as asyncpg's
        async with self._real.transaction():
            answer = await self._real.fetchval(*arguments)
            await self._pause()
        return answer

    async def close(self) -> None:
        await self._real.close()

    def terminate(self) -> None:
        self._real.terminate()


async def lingering_committer(world: World, pause: Pause) -> Committer:
    async def connect() -> Any:  # noqa: ANN401  stands in for a connection
        return Lingering(await world.connect(), pause)

    committer = Committer(connect)
    await committer.start()
    world.closing.push_async_callback(committer.close)
    return committer


@dataclass(slots=True)
class Writing:
    """Writers that share streams. Each extends some at once, and often bets that what others have
    under way will be committed before: the boldest way to decide, and the hardest to keep in order.
    They share accounts too: who waits for one has a transaction id but no place in the log yet.

    `ended` when there will be no more events and the last one can be read.
    """

    world: World
    committers: Sequence[Committer]
    streams: Sequence[StreamId] = field(default_factory=lambda: [stream() for _ in range(STREAMS)])
    accounts: Sequence[Account] = field(
        default_factory=lambda: [user_account(floor=None) for _ in range(ACCOUNTS)]
    )
    stored: dict[StreamId, dict[int, Event]] = field(default_factory=lambda: defaultdict(dict))
    under_way: Counter[StreamId] = field(default_factory=Counter)
    ended: bool = False

    @property
    def events(self) -> dict[StreamId, list[Event]]:
        """What was committed, by stream, in the order of its sequence."""
        return {
            stream_id: [events[sequence] for sequence in sorted(events)]
            for stream_id, events in self.stored.items()
        }

    async def run(self) -> None:
        await asyncio.gather(
            *(self._write(committer, n) for n, committer in enumerate(self.committers))
        )
        await eventually(self.world, ALL_READABLE)
        self.ended = True

    async def _write(self, committer: Committer, writer: int) -> None:
        chance = random.Random(writer)
        for _ in range(ROUNDS_A_WRITER):
            chosen = chance.sample(self.streams, STREAMS_AT_ONCE)
            await asyncio.gather(*(self._extend(each, committer, chance) for each in chosen))

    async def _extend(
        self, stream_id: StreamId, committer: Committer, chance: random.Random
    ) -> None:
        count = chance.randint(1, 3)
        result: CommitResult = Stale("stream")
        while result == Stale("stream"):
            bet = self.under_way[stream_id] if chance.random() < BET_SHARE else 0
            after = len(self.stored[stream_id]) + bet
            decision = str(chance.random())
            source, target = chance.sample(self.accounts, 2)
            moved = transfer(source, target, 1)
            decided = distinct(unit(stream_id, moved, after=after, events=count, decision=decision))
            self.under_way[stream_id] += count
            result = await committer.commit(decided)
            self.under_way[stream_id] -= count
            if result == Committed():
                self.stored[stream_id] |= {event.sequence: event for event in decided.events}
        assert result == Committed()


async def twelve_writers(world: World) -> Writing:
    """Each with a connection of its own; a third of their transactions linger."""
    committers = []
    for writer in range(WRITERS):
        chance = random.Random(-writer)

        async def pause(chance: random.Random = chance) -> None:
            await asyncio.sleep(chance.choice([0, 0, chance.random() * OPEN_SECONDS_MAX]))

        committers.append(await lingering_committer(world, pause))
    return Writing(world, committers)


def distinct(made: Unit) -> Unit:
    """The Unit with events whose data nobody could mistake for another's."""
    events = tuple(
        replace(
            event,
            data=TransactionRefused(
                operation="send", code=str(event.id), amount=event.id.int % 10**38, asset="USDC"
            ),
        )
        for event in made.events
    )
    return replace(made, events=events)


async def eventually(world: World, query: str, *arguments: object) -> None:
    """Returns when the query says true: transactions of other tests hold readers back as well."""
    for _ in range(POLLS_MAX):
        if await world.pool.fetchval(query, *arguments):
            return
        await asyncio.sleep(POLL_SECONDS)
    pytest.fail("it never happened")


async def followed(
    writing: Writing,
    read: Callable[[Position, int], Awaitable[list[T]]],
    *,
    after: Position = START,
) -> list[T]:
    """What a reader finds, page by page, until the writing has ended and there is nothing more."""
    found: list[T] = []
    while True:
        ended = writing.ended
        page = await read(found[-1].position if found else after, PAGE_EVENTS)
        found += page
        if not page and ended:
            return found
        await asyncio.sleep(0 if page else POLL_SECONDS)


def by_stream(events: Iterable[Event]) -> dict[StreamId, list[Event]]:
    streams: dict[StreamId, list[Event]] = defaultdict(list)
    for event in events:
        streams[event.stream_id].append(event)
    return streams


# ------------------------------------------------------------------ following the writers


async def test_readers_see_every_event_as_stored_and_each_stream_in_its_order(
    own_world: World,
) -> None:
    writing = await twelve_writers(own_world)
    reader = StreamReader(own_world.pool)

    events, news, _ = await asyncio.gather(
        followed(writing, reader.read_events), followed(writing, reader.read_news), writing.run()
    )

    assert by_stream(logged.event for logged in events) == writing.events
    for stored in writing.events.values():
        assert [event.sequence for event in stored] == list(range(1, len(stored) + 1))
    assert all(before.position < after.position for before, after in pairwise(events))
    assert [(each.position, each.stream_id, each.sequence) for each in news] == [
        (position, event.stream_id, event.sequence) for position, event in events
    ]


async def test_who_begins_at_the_end_misses_nothing_behind_it(own_world: World) -> None:
    writing = await twelve_writers(own_world)
    reader = StreamReader(own_world.pool)

    async def joined(amid: int) -> tuple[Position, list[Logged]]:
        await eventually(own_world, "SELECT count(*) >= $1 FROM outbox", amid)
        end = await reader.end()
        return end, await followed(writing, reader.read_events, after=end)

    everything, *late, _ = await asyncio.gather(
        followed(writing, reader.read_events), joined(50), joined(150), joined(250), writing.run()
    )

    for end, found in late:
        assert found == [logged for logged in everything if logged.position > end]


async def test_two_processes_of_a_group_hear_every_event_once_and_in_order(
    own_world: World,
) -> None:
    """As reactors do it: news only say where to look, the stream's mark says what is new."""
    writing = await twelve_writers(own_world)
    heard: dict[StreamId, list[tuple[Event, ...]]] = defaultdict(list)

    async def hear(committer: Committer) -> None:
        news, reader = NewsReader(own_world.pool, [GROUP]), StreamReader(own_world.pool)
        while True:
            ended = writing.ended
            unheard = await news.unheard(limit=1)
            if ended and not unheard:
                return
            for stream_id in unheard:
                known = await reader.stream(stream_id)
                assert known is not None
                moved = (known.handled.get(GROUP, 0), known.sequence)
                mark = unit(stream_id, after=known.sequence, events=0, handled={GROUP: moved})
                if moved[0] < moved[1] and await committer.commit(mark) == Committed():
                    heard[stream_id].append(known.events[moved[0] :])
            await asyncio.sleep(POLL_SECONDS)

    committers = [await own_world.another_committer() for _ in range(2)]
    await asyncio.gather(writing.run(), *map(hear, committers))

    in_order = {
        stream_id: [event for part in sorted(parts, key=first_sequence) for event in part]
        for stream_id, parts in heard.items()
    }
    assert in_order == writing.events


def first_sequence(part: tuple[Event, ...]) -> int:
    return part[0].sequence


# ------------------------------------------------------------------ being held back


async def test_an_open_unit_hides_what_was_committed_above_it_until_it_is_there_too(
    own_world: World,
) -> None:
    written, released = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        written.set()
        await released.wait()

    lingering = await lingering_committer(own_world, pause)
    own_world.closing.callback(released.set)
    before, held, *above = [distinct(unit()) for _ in range(8)]
    await own_world.committer.commit(before)
    await eventually(own_world, ALL_READABLE)
    opened = asyncio.create_task(lingering.commit(held))
    await written.wait()
    for each in above:
        await own_world.committer.commit(each)

    await assert_readable(own_world, [before])
    await asyncio.sleep(POLL_SECONDS)
    await assert_readable(own_world, [before])

    released.set()
    assert await opened == Committed()
    await eventually(own_world, ALL_READABLE)
    await assert_readable(own_world, [before, held, *above])


@pytest.mark.parametrize("ending", ["commit", "rollback"])
async def test_whatever_else_is_written_holds_readers_back_until_it_ends(
    own_world: World, ending: str
) -> None:
    before, *above = [distinct(unit()) for _ in range(5)]
    await own_world.committer.commit(before)
    await eventually(own_world, ALL_READABLE)
    transaction = own_world.admin.transaction()
    await transaction.start()
    await own_world.admin.execute("SELECT pg_current_xact_id()")
    for each in above:
        await own_world.committer.commit(each)

    await assert_readable(own_world, [before])

    await getattr(transaction, ending)()
    await eventually(own_world, ALL_READABLE)
    await assert_readable(own_world, [before, *above])


async def test_a_transaction_that_only_reads_holds_nobody_back(own_world: World) -> None:
    units = [distinct(unit()) for _ in range(5)]

    async with own_world.admin.transaction(isolation="repeatable_read", readonly=True):
        await own_world.admin.fetchval("SELECT count(*) FROM outbox")
        for each in units:
            await own_world.committer.commit(each)
        await eventually(own_world, ALL_READABLE)
        await assert_readable(own_world, units)


async def assert_readable(world: World, units: Sequence[Unit]) -> None:
    """All ways of reading the log show the events of these units, in this order, and no others."""
    expected = [event for each in units for event in each.events]
    reader = StreamReader(world.pool)
    events = await reader.read_events(START, READ_EVENTS_MAX)
    news = await reader.read_news(START, READ_EVENTS_MAX)
    assert [event for _, event in events] == expected
    assert [each.stream_id for each in news] == [event.stream_id for event in expected]
    assert await reader.end() == events[-1].position
    replayed = await reader.replay_wallet(units[-1].wallet_id, after=START, limit=READ_EVENTS_MAX)
    assert [event for _, event in replayed] == list(units[-1].events)
