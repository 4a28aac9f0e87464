"""The in-memory twin of the Redis transport: same promises, one process."""

import asyncio

from broadcaster import Event
from broadcaster._backends.memory import MemoryBackend

from infrastructure.messaging.codec import LOST


class MemoryExchange:
    """What stands for the server: publishers and backends of one process meet here."""

    def __init__(self) -> None:
        self._backends: list[SteadyMemoryBackend] = []
        self._reachable = True

    def backend(self) -> "SteadyMemoryBackend":
        """A new backend of this exchange."""
        backend = SteadyMemoryBackend(self)
        self._backends.append(backend)
        return backend

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        """Hands the batch to all that subscribe. Raises `OSError` while out of reach."""
        if not self._reachable:
            raise ConnectionError("the exchange is away")
        for channel, payload in batch:
            for backend in self._backends:
                backend.take(channel, payload)

    def go_away(self) -> None:
        """Until `come_back` nothing is delivered and publishing fails."""
        self._reachable = False

    def come_back(self) -> None:
        """Reachable again; all subscribers learn that they may have missed something."""
        self._reachable = True
        self.drop_connections()

    def drop_connections(self) -> None:
        """What a killed connection is: subscribed anew at once, with a gap."""
        for backend in self._backends:
            backend.tell_lost()


class SteadyMemoryBackend(MemoryBackend):
    """broadcaster's memory backend with the `LOST` messages of the Redis one."""

    def __init__(self, exchange: MemoryExchange) -> None:
        super().__init__("memory://")
        self._exchange = exchange
        self._published: asyncio.Queue[Event] = asyncio.Queue()

    async def connect(self) -> None:
        """Nothing to open: the queue is there from the start."""

    async def disconnect(self) -> None:
        """Lets the library's cancelled listener end before the loop does."""
        await asyncio.sleep(0)

    async def publish(self, channel: str, message: str) -> None:
        """Publishes to all backends of the exchange, itself included."""
        await self._exchange.publish([(channel, message)])

    async def unsubscribe(self, channel: str) -> None:
        """Drops the channel, also one that was never subscribed."""
        self._subscribed.discard(channel)

    def take(self, channel: str, payload: str) -> None:
        """A message from the exchange."""
        if channel in self._subscribed:
            self._published.put_nowait(Event(channel=channel, message=payload))

    def tell_lost(self) -> None:
        """All channels were subscribed anew."""
        for channel in self._subscribed:
            self._published.put_nowait(Event(channel=channel, message=LOST))
