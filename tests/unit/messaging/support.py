"""Events to publish, a log in memory, and what a subscriber received."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from broadcaster import Broadcast

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import RecipientBalanceUpdated, SendTransactionCompleted
from domain.shared.ids import EventId, StreamId, TransactionId, UserId, WalletId
from infrastructure.db.positions import START, Logged, Position
from infrastructure.messaging.channels import ALL_CHANNELS
from infrastructure.messaging.hub import Hub
from infrastructure.messaging.ports import RefillRefused, Scope
from infrastructure.messaging.subscription import Authorise, Delivery, Interest, Item, Resync
from infrastructure.workers.relay import Progress, heartbeats, number

ALICE = WalletId(uuid.UUID(int=0xA1))
BOB = WalletId(uuid.UUID(int=0xB2))
CAROL = WalletId(uuid.UUID(int=0xC1))  # on the channel of Alice
AT = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)


def event(
    sequence: int = 1,
    *,
    wallet_id: WalletId = ALICE,
    counterparty: WalletId | None = None,
    stream: int = 1,
    data: EventPayload | None = None,
) -> Event:
    stream_id = StreamId(uuid.UUID(int=stream))
    payload = data or SendTransactionCompleted(transaction_id=TransactionId(stream_id))
    return Event(
        id=EventId(uuid.uuid4()),
        stream_id=stream_id,
        wallet_id=wallet_id,
        user_id=UserId(uuid.UUID(int=7)),
        sequence=sequence,
        type=payload.type_name(),
        kind=payload.kind_name(),
        attempt=1,
        occurred_at=AT,
        causation_id=EventId(uuid.UUID(int=9)),
        correlation_id="request-1",
        data=payload,
        state="COMPLETED",
        counterparty_wallet_id=counterparty,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def booked(sequence: int = 1, *, counterparty: WalletId | None = BOB) -> Event:
    data = RecipientBalanceUpdated(
        debited=25_000_000,
        credited=24_990_000,
        fees=10_000,
        recipient_wallet_id=counterparty,
        journal_id=uuid.UUID(int=3),
    )
    return event(sequence, counterparty=counterparty, data=data)


class MemoryLog:
    """The event log in memory: what is appended is readable at once."""

    def __init__(self) -> None:
        self.events: list[Logged] = []
        self.reads = 0
        self.replays = 0
        self.refused = False

    def append(self, *events: Event) -> list[Logged]:
        first = len(self.events) + 1
        added = [
            Logged(Position(1, 100 + first + index, first + index), each)
            for index, each in enumerate(events)
        ]
        self.events += added
        return added

    async def head(self) -> Position:
        return Position(1, 101 + len(self.events), 0) if self.events else START

    async def read_events(self, cursor: Position, limit: int) -> Sequence[Logged]:
        return [logged for logged in self.events if logged.position > cursor][:limit]

    async def read(self, after: Position, limit: int) -> Sequence[Logged]:
        self.reads += 1
        if self.refused:
            raise RefillRefused
        return await self.read_events(after, limit)

    async def replay(self, scope: Scope, after: Position, limit: int) -> Sequence[Logged]:
        self.replays += 1
        if self.refused:
            raise RefillRefused
        await asyncio.sleep(0)
        found = [logged for logged in self.events if logged.position > after]
        return [logged for logged in found if _within(scope, logged.event)][:limit]


def _within(scope: Scope, candidate: Event) -> bool:
    wallets = (candidate.wallet_id, candidate.counterparty_wallet_id)
    if scope.wallet_id is not None and scope.wallet_id not in wallets:
        return False
    return scope.stream_id in (None, candidate.stream_id)


class Transport(Protocol):
    """A way from publishers to hubs, and what can happen to it."""

    def broadcast(self) -> Broadcast: ...

    async def publish(self, batch: list[tuple[str, str]]) -> None: ...

    async def go_away(self) -> None: ...

    async def come_back(self) -> None: ...

    async def drop_connections(self) -> None: ...


class World:
    """A log and a relay that does as it is told."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.log = MemoryLog()
        self.progress = Progress(START, (0,) * ALL_CHANNELS)

    def hub(self, **bounds: int) -> Hub:
        return Hub(self.transport.broadcast(), self.log, **bounds)

    async def happens(self, *events: Event) -> None:
        """Committed and published."""
        await self.transport.publish(self.unpublished(*events))

    def unpublished(self, *events: Event) -> list[tuple[str, str]]:
        """Committed and numbered; what is returned the relay has yet to publish."""
        batch, self.progress = number(self.log.append(*events), self.progress)
        return batch

    async def beat(self) -> None:
        await self.transport.publish(heartbeats(self.progress))


class Watcher:
    """A client: everything that it received, in order."""

    def __init__(
        self,
        hub: Hub,
        interest: Interest | None = None,
        *,
        after: Position | None = None,
        authorise: Authorise | None = None,
    ) -> None:
        self.hub = hub
        self.items: list[Item] = []
        self._read = asyncio.Event()
        self._read.set()
        chosen = interest or Interest(Scope(ALICE))
        feed = hub.subscribe(chosen, after=after, authorise=authorise)
        self._task = asyncio.create_task(self._follow(feed))

    async def _follow(self, feed: AsyncGenerator[Item, None]) -> None:
        async for item in feed:
            self.items.append(item)
            await self._read.wait()

    def stop_reading(self) -> None:
        self._read.clear()

    def read_on(self) -> None:
        self._read.set()

    @property
    def sequences(self) -> list[int]:
        return [item.event.sequence for item in self.items if isinstance(item, Delivery)]

    @property
    def resyncs(self) -> list[Resync]:
        return [item for item in self.items if isinstance(item, Resync)]

    async def received(self, count: int, *, seconds: float = 10) -> list[int]:
        await eventually(lambda: len(self.sequences) >= count, seconds=seconds)
        return self.sequences

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def eventually(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  any condition, of any object
            await asyncio.sleep(0.002)


async def subscribed(hub: Hub, count: int) -> None:
    await eventually(lambda: hub.subscriber_count == count)
