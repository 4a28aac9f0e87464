import asyncio

import pytest
from broadcaster import Broadcast

from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.messaging.backend import RedisPublisher, SteadyRedisBackend, redis_client
from infrastructure.messaging.channels import channel_name, channel_of
from tests.unit.messaging.hub_behaviour import HubBehaviour
from tests.unit.messaging.support import ALICE, Watcher, World, event, eventually, subscribed


class RedisTransport:
    def __init__(self, server: EmbeddedValkey) -> None:
        self.server = server

    def broadcast(self) -> Broadcast:
        return Broadcast(backend=SteadyRedisBackend(self.server.url))

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        client = redis_client(self.server.url)
        try:
            await RedisPublisher(client).publish(batch)
        finally:
            await client.aclose()

    async def go_away(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def come_back(self) -> None:
        await asyncio.to_thread(self.server.restart)

    async def drop_connections(self) -> None:
        client = redis_client(self.server.url)
        await client.client_kill_filter(_type="pubsub")
        await client.aclose()


class TestHubOverRedis(HubBehaviour):
    @pytest.fixture
    def world(self, valkey_server: EmbeddedValkey) -> World:
        return World(RedisTransport(valkey_server))

    async def test_a_payload_that_is_not_utf8(
        self, world: World, valkey_server: EmbeddedValkey
    ) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            client = redis_client(valkey_server.url)
            await client.publish(channel_name(channel_of(ALICE)), b"\xff\xfe")
            await client.aclose()
            await world.happens(event(1))
            assert await watcher.received(1) == [1]

    async def test_subscribing_while_the_server_is_down(self, world: World) -> None:
        await world.transport.go_away()
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await asyncio.sleep(0.3)
            assert hub.subscriber_count == 0
            await world.transport.come_back()
            await subscribed(hub, 1)
            await world.happens(event(1))
            assert await watcher.received(1) == [1]

    async def test_ten_killed_connections_in_a_row(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            for number in range(1, 11):
                await world.transport.drop_connections()
                await world.happens(event(number))
            assert await watcher.received(10) == list(range(1, 11))

    async def test_stopping_while_the_server_is_down(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.transport.go_away()
        await eventually(lambda: hub.subscriber_count == 0)
        await watcher.leave()
