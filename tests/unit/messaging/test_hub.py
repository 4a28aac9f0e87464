import pytest
from broadcaster import Broadcast

from infrastructure.messaging.memory import MemoryExchange
from tests.unit.messaging.hub_behaviour import HubBehaviour
from tests.unit.messaging.support import World


class MemoryTransport:
    def __init__(self) -> None:
        self._exchange = MemoryExchange()

    def broadcast(self) -> Broadcast:
        return Broadcast(backend=self._exchange.backend())

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        await self._exchange.publish(batch)

    async def go_away(self) -> None:
        self._exchange.go_away()

    async def come_back(self) -> None:
        self._exchange.come_back()

    async def drop_connections(self) -> None:
        self._exchange.drop_connections()


class TestHubOverMemory(HubBehaviour):
    @pytest.fixture
    def world(self) -> World:
        return World(MemoryTransport())
