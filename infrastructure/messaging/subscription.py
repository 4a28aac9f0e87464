"""One subscriber: what it wants, its bounded buffer, and how it catches up from the log."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from infrastructure.db.positions import Logged, Position
from infrastructure.messaging.channels import channel_of
from infrastructure.messaging.codec import CloudEvent, Message, message_for
from infrastructure.messaging.ports import Refill, RefillRefused, Scope
from infrastructure.messaging.projections import Audience
from infrastructure.messaging.retrying import persist

REPLAY_PAGE_EVENTS: Final = 200  # a page is in memory at once, for every subscriber


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as one subscriber sees it."""

    position: Position
    message: Message
    audience: Audience
    event: CloudEvent


@dataclass(frozen=True, slots=True)
class Resync:
    """What lies between the subscriber's cursor and `position` cannot be replayed: read anew."""

    position: Position


Item = Delivery | Resync
Authorise = Callable[[Delivery], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Interest:
    """What a subscriber wants: a scope, and of it some kinds of events (None: all)."""

    scope: Scope
    kinds: frozenset[str] | None = None

    @property
    def channel(self) -> int:
        """The channel that carries it."""
        return channel_of(self.scope.wallet_id)

    def view(self, message: Message) -> Delivery | None:
        """The message as this subscriber sees it; None where it is none of theirs."""
        audience = self._audience(message)
        if audience is None or self._elsewhere(message):
            return None
        event = message.projections.get(audience)
        if event is None or (self.kinds is not None and event.kind not in self.kinds):
            return None
        return Delivery(message.position, message, audience, event)

    def _elsewhere(self, message: Message) -> bool:
        return self.scope.stream_id is not None and message.stream_id != self.scope.stream_id

    def _audience(self, message: Message) -> Audience | None:
        wallet_id = self.scope.wallet_id
        if wallet_id is None:
            return Audience.OPERATOR
        if message.wallet_id == wallet_id:
            return Audience.OWNER
        return Audience.COUNTERPARTY if message.counterparty_wallet_id == wallet_id else None


class Subscriber:
    """A subscriber's place in the log and what waits for it.

    While `behind` nothing is buffered: what it missed comes from the log, so a slow reader costs
    no memory and loses nothing.
    """

    def __init__(
        self, interest: Interest, position: Position, *, behind: bool, buffer_events_max: int
    ) -> None:
        self.interest = interest
        self.position = position
        self.behind = behind
        self._buffer: deque[Delivery] = deque()
        self._buffer_events_max = buffer_events_max
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, message: Message) -> None:
        """Buffer a live message that is this subscriber's; never waits."""
        if self.behind:
            return
        delivery = self.interest.view(message)
        if delivery is None:
            return
        if len(self._buffer) >= self._buffer_events_max:
            self.fall_behind()
            return
        self._buffer.append(delivery)
        self._wake.set()

    def fall_behind(self) -> None:
        """Leave the live stream: go on from the log after the last position."""
        self.behind = True
        self._buffer.clear()
        self._wake.set()

    def close(self) -> None:
        """No more will come: the hub stops."""
        self._closed = True
        self._wake.set()

    async def items(self, refill: Refill) -> AsyncGenerator[Item, None]:
        """Everything after the position, from the log and then live, each once and in order."""
        while not self._closed:
            if self.behind:
                # Buffering starts before the replay reads, so nothing falls in between.
                self.behind = False
                async with aclosing(self._replay(refill)) as replayed:
                    async for item in replayed:
                        yield item
            while self._buffer:
                delivery = self._buffer.popleft()
                if delivery.position > self.position:
                    self.position = delivery.position
                    yield delivery
            await self._wait()

    async def _wait(self) -> None:
        if not (self._buffer or self.behind or self._closed):
            self._wake.clear()
            await self._wake.wait()

    async def _replay(self, refill: Refill) -> AsyncGenerator[Item, None]:
        more = True
        while more and not self.behind and not self._closed:
            try:
                page = await self._page(refill)
            except RefillRefused:
                self.position = await persist(refill.head)
                yield Resync(self.position)
                return
            for logged in page:
                self.position = logged.position
                delivery = self.interest.view(message_for(self.interest.channel, logged))
                if delivery is not None:
                    yield delivery
            more = len(page) >= REPLAY_PAGE_EVENTS

    async def _page(self, refill: Refill) -> Sequence[Logged]:
        scope, after = self.interest.scope, self.position
        return await persist(lambda: refill.replay(scope, after, REPLAY_PAGE_EVENTS))
