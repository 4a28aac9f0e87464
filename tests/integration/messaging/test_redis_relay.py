"""The relay and the hub over a real server, the log in memory: what a restart may not lose."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from redis.asyncio import Redis

from domain.contracts.envelope import Event
from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.messaging.backend import RedisPublisher, SteadyRedisBackend, redis_client
from infrastructure.messaging.ports import Scope
from infrastructure.messaging.subscription import Interest
from infrastructure.workers import relay as relaying
from infrastructure.workers.relay import Relay
from infrastructure.workers.wakeup import WakeupListener, WakeupPublisher
from tests.integration.messaging.test_redis_hub import RedisTransport
from tests.unit.messaging.relay_support import MemoryStore, MemoryTenure, make_relay, running
from tests.unit.messaging.support import BOB, Watcher, World, booked, event, eventually, subscribed


class Stage:
    """A server, a log, and relays that share a store and a lease."""

    def __init__(self, server: EmbeddedValkey, client: Redis) -> None:
        self.world = World(RedisTransport(server))
        self.publisher = RedisPublisher(client)
        self.tenure = MemoryTenure()
        self.store = MemoryStore(self.tenure)

    def relay(self, holder: str = "first") -> Relay:
        return make_relay(
            self.world.log, self.publisher, store=self.store, tenure=self.tenure, holder=holder
        )

    def commit(self, *events: Event) -> None:
        self.world.log.append(*events)


@pytest.fixture
async def stage(
    valkey_server: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr(relaying, "STANDBY_SECONDS", 0.01)
    monkeypatch.setattr(relaying, "HEARTBEAT_SECONDS", 0.1)
    client = redis_client(valkey_server.url)
    yield Stage(valkey_server, client)
    await client.aclose()


async def test_a_restart_amid_a_stream_of_events_loses_none_and_repeats_none(
    stage: Stage,
) -> None:
    async with stage.world.hub() as hub, running(stage.relay()):
        alice, bob = Watcher(hub), Watcher(hub, Interest(Scope(BOB)))
        await subscribed(hub, 2)
        for sequence in range(1, 601):
            stage.commit(booked(sequence))
            if sequence == 200:
                await stage.world.transport.go_away()
            if sequence == 400:
                await stage.world.transport.come_back()
            await asyncio.sleep(0.001)
        assert await alice.received(600, seconds=20) == list(range(1, 601))
        assert await bob.received(600, seconds=20) == list(range(1, 601))


async def test_an_event_published_into_nothing_is_found_by_the_heartbeat(stage: Stage) -> None:
    async with stage.world.hub() as hub:
        watcher = Watcher(hub)
        await subscribed(hub, 1)
        async with running(stage.relay()) as relay:
            stage.commit(event(1))
            assert await watcher.received(1) == [1]
            await stage.world.transport.drop_connections()
            stage.commit(event(2))
            await eventually(lambda: relay.published_events == 2)
            assert await watcher.received(2) == [1, 2]


def has_published(relay: Relay) -> bool:
    return relay.published_events > 0


async def test_a_takeover_amid_a_stream_repeats_nothing_to_subscribers(stage: Stage) -> None:
    async with stage.world.hub() as hub:
        watcher = Watcher(hub)
        await subscribed(hub, 1)
        for term in range(5):
            async with running(stage.relay(f"relay-{term}")) as relay:
                stage.commit(*(event(20 * term + number) for number in range(1, 21)))
                await eventually(partial(has_published, relay))
                before = stage.store.progress
            stage.store.progress = before  # killed before it could store anything
            stage.tenure.expire()
        stage.commit(event(101))
        async with running(stage.relay("last")):
            assert await watcher.received(101) == list(range(1, 102))
            await asyncio.sleep(0.2)
            assert watcher.sequences == list(range(1, 102))


async def test_a_wake_up_goes_from_the_committer_to_the_relay(
    stage: Stage, valkey_server: EmbeddedValkey
) -> None:
    wakeups = WakeupPublisher(stage.publisher)
    rung = asyncio.Event()
    async with WakeupListener(SteadyRedisBackend(valkey_server.url), rung.set):
        async with asyncio.timeout(5):
            while not rung.is_set():
                wakeups.notify()
                await asyncio.sleep(0.01)
    await wakeups.aclose()
