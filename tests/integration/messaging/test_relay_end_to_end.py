"""From the committer to a subscriber, over the real log and a server that goes away."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import pytest
from broadcaster import Broadcast

from domain.contracts.envelope import Event
from domain.shared.ids import StreamId, WalletId
from domain.shared.unit import Committed, Unit
from infrastructure.db.committer import Committer
from infrastructure.db.log import LogRefill, RelayStore
from infrastructure.db.pool import Pool, connect, create_pool
from infrastructure.db.positions import START, Position
from infrastructure.db.streams import StreamReader
from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.messaging.backend import RedisPublisher, SteadyRedisBackend, redis_client
from infrastructure.messaging.hub import Hub
from infrastructure.messaging.ports import Scope
from infrastructure.messaging.projections import Audience
from infrastructure.messaging.subscription import Delivery, Interest
from infrastructure.workers import relay as relaying
from infrastructure.workers.relay import Relay
from infrastructure.workers.wakeup import Publisher, WakeupListener, WakeupPublisher
from tests.conftest import Database
from tests.unit.messaging.relay_support import Recorder, running
from tests.unit.messaging.support import ALICE, BOB, Watcher, booked, event, eventually, subscribed

_READABLE = "SELECT max(xid) < pg_snapshot_xmin(pg_current_snapshot()) FROM outbox"
_READABLE_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Platform:
    """What `diboas` composes of the log, the relay and the hub."""

    pool: Pool
    committer: Committer
    server: EmbeddedValkey
    publisher: RedisPublisher

    @property
    def reader(self) -> StreamReader:
        return StreamReader(self.pool)

    def hub(self) -> Hub:
        broadcast = Broadcast(backend=SteadyRedisBackend(self.server.url))
        return Hub(broadcast, LogRefill(self.reader))

    def relay(self, holder: str, publisher: Publisher | None = None) -> Relay:
        store = RelayStore(self.pool)
        return Relay(
            log=self.reader,
            store=store,
            tenure=store,
            publisher=publisher or self.publisher,
            holder=holder,
            lease_seconds=1.0,
        )

    async def commit(self, happened: Event) -> None:
        """One Unit with one event."""
        unit = Unit(
            stream_id=happened.stream_id,
            wallet_id=happened.wallet_id,
            expected_sequence=happened.sequence - 1,
            events=(happened,),
        )
        assert isinstance(await self.committer.commit(unit), Committed)


@pytest.fixture
async def platform(
    database: Database, valkey_server: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    monkeypatch.setattr(relaying, "STANDBY_SECONDS", 0.05)
    monkeypatch.setattr(relaying, "HEARTBEAT_SECONDS", 0.1)
    async with AsyncExitStack() as closing:
        pool = await create_pool(database.app_url)
        closing.push_async_callback(pool.close)
        client = redis_client(valkey_server.url)
        closing.push_async_callback(client.aclose)
        publisher = RedisPublisher(client)
        wakeups = WakeupPublisher(publisher)
        closing.push_async_callback(wakeups.aclose)
        committer = Committer(
            partial(connect, database.app_url), after_commit=lambda _units: wakeups.notify()
        )
        await committer.start()
        closing.push_async_callback(committer.close)
        yield Platform(pool, committer, valkey_server, publisher)


async def test_a_restart_amid_a_subscription_loses_no_event_and_repeats_none(
    platform: Platform,
) -> None:
    relay = platform.relay("first")
    listener = WakeupListener(SteadyRedisBackend(platform.server.url), relay.doorbell.ring)
    async with listener, running(relay), platform.hub() as hub:
        alice, bob = Watcher(hub), Watcher(hub, Interest(Scope(BOB)))
        await subscribed(hub, 2)
        for sequence in range(1, 151):
            await platform.commit(booked(sequence))
            if sequence == 50:
                await asyncio.to_thread(platform.server.stop)
            if sequence == 100:
                await asyncio.to_thread(platform.server.restart)
        assert await alice.received(150, seconds=20) == list(range(1, 151))
        assert await bob.received(150, seconds=20) == list(range(1, 151))
        await platform.commit(event(151))
        assert await alice.received(151) == list(range(1, 152))
    assert {item.audience for item in bob.items if isinstance(item, Delivery)} == {
        Audience.COUNTERPARTY
    }


async def test_writers_at_once_are_heard_in_order_and_whole(platform: Platform) -> None:
    streams = [StreamId(uuid.uuid4()) for _ in range(12)]

    async def write(stream_id: StreamId) -> None:
        for sequence in range(1, 21):
            await platform.commit(event(sequence, stream=stream_id.int))

    async with running(platform.relay("first")), platform.hub() as hub:
        watcher, late = Watcher(hub), Watcher(hub, after=START)
        await subscribed(hub, 2)
        await asyncio.gather(*(write(stream_id) for stream_id in streams))
        for each in (watcher, late):
            await each.received(240, seconds=20)
            for stream_id in streams:
                heard = [
                    item.event.sequence
                    for item in each.items
                    if isinstance(item, Delivery) and item.message.stream_id == stream_id
                ]
                assert heard == list(range(1, 21))


async def test_a_takeover_gives_the_same_events_the_same_offsets(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "SAVE_SECONDS", 60.0)
    out = Recorder()
    for sequence in range(1, 31):
        await platform.commit(booked(sequence))
    first = platform.relay("first", out)
    async with running(first):
        await eventually(lambda: first.published_events == 30)
        await platform.pool.execute("UPDATE lease SET until = now() - interval '1 second'")
        # The first has stored nothing yet, and may no longer.
        async with running(platform.relay("second", out)) as second:
            await eventually(lambda: second.published_events == 30)
    for channel in {channel for channel, _ in out.frames}:
        places = {(frame.message.position, frame.offset) for frame in out.events(channel)}
        assert len(places) in {0, 30}
    stored = await RelayStore(platform.pool).load()
    assert sorted(stored.offsets)[-3:] == [30, 30, 30]
    assert stored.cursor == (await platform.reader.end())


def has_published(relay: Relay, count: int) -> bool:
    return relay.published_events == count


async def test_a_new_relay_goes_on_where_the_last_one_ended(platform: Platform) -> None:
    out = Recorder()
    for term in range(3):
        await platform.commit(event(term + 1))
        relay = platform.relay(f"relay-{term}", out)
        async with running(relay):
            await eventually(partial(has_published, relay, 1))
    channel = next(name for name, _ in out.frames if out.events(name))
    assert out.sequences(channel) == out.offsets(channel) == [1, 2, 3]


async def readable(platform: Platform) -> None:
    """What was committed is read once nobody in the cluster, of other tests too, has written before
    it and not ended."""
    async with asyncio.timeout(_READABLE_SECONDS_MAX):
        while not await platform.pool.fetchval(_READABLE):  # noqa: ASYNC110  the database tells
            await asyncio.sleep(0.01)


async def test_each_subscriber_replays_its_own_scope(platform: Platform) -> None:
    other = WalletId(uuid.uuid4())
    await platform.commit(event(1))
    await platform.commit(booked(2))
    await platform.commit(event(1, stream=2))
    await platform.commit(event(1, stream=3, wallet_id=other))
    await readable(platform)
    async with platform.hub() as hub:
        watchers = {
            "alice": (Watcher(hub, after=START), 3),
            "bob": (Watcher(hub, Interest(Scope(BOB)), after=START), 1),
            "one stream": (
                Watcher(hub, Interest(Scope(ALICE, StreamId(uuid.UUID(int=1)))), after=START),
                2,
            ),
            "bob's part of it": (
                Watcher(hub, Interest(Scope(BOB, StreamId(uuid.UUID(int=1)))), after=START),
                1,
            ),
            "a stranger's": (
                Watcher(hub, Interest(Scope(other, StreamId(uuid.UUID(int=1)))), after=START),
                0,
            ),
            "an operator": (Watcher(hub, Interest(Scope(None)), after=START), 4),
        }
        for watcher, count in watchers.values():
            await watcher.received(count)
        await asyncio.sleep(0.05)
        assert {name: len(watcher.items) for name, (watcher, _) in watchers.items()} == {
            name: count for name, (_, count) in watchers.items()
        }


async def test_a_cursor_of_another_log_asks_to_read_anew(platform: Platform) -> None:
    await platform.commit(event(1))
    end = await platform.reader.end()
    beyond = Position(end.generation, end.xid + 10**9, end.id)
    async with running(platform.relay("first")), platform.hub() as hub:
        watcher = Watcher(hub, after=beyond)
        await eventually(lambda: [each.position for each in watcher.resyncs] == [end])
        await platform.commit(event(2))
        assert await watcher.received(1) == [2]
