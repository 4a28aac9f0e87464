"""One hub a process: it follows the channels, repairs what they lose, and fans out.

Gaps are found on the offsets before anything is filtered, and refilled from the log once for all
subscribers of the process. A subscriber never loses an event and gets none twice.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from types import TracebackType
from typing import Final, Self

from broadcaster import Broadcast

from infrastructure.db.positions import Logged, Position
from infrastructure.messaging.channels import ALL_CHANNELS, channel_name, channels_of
from infrastructure.messaging.codec import (
    LOST,
    Heartbeat,
    Message,
    UnreadableFrame,
    decode_frame,
    message_for,
)
from infrastructure.messaging.gaps import ChannelTracker, Verdict
from infrastructure.messaging.ports import Refill, RefillRefused
from infrastructure.messaging.retrying import persist
from infrastructure.messaging.subscription import (
    Authorise,
    Interest,
    Item,
    Resync,
    Subscriber,
)

_log: Final = logging.getLogger(__name__)

BUFFER_EVENTS_MAX: Final = 256  # a subscriber further behind reads from the log instead
INBOX_FRAMES_MAX: Final = 4096  # what may wait while a refill runs; beyond it all is refilled
REFILL_PAGE_EVENTS: Final = 500
REFILL_EVENTS_MAX: Final = 10_000  # more is left to each subscriber's own, narrower replay


class Hub:
    """Use as a context manager, around everything that subscribes."""

    def __init__(
        self,
        broadcast: Broadcast,
        refill: Refill,
        *,
        buffer_events_max: int = BUFFER_EVENTS_MAX,
        refill_events_max: int = REFILL_EVENTS_MAX,
    ) -> None:
        self._broadcast = broadcast
        self._refill = refill
        self._buffer_events_max = buffer_events_max
        self._refill_events_max = refill_events_max
        self._inbox = _Inbox(INBOX_FRAMES_MAX)
        self._trackers: dict[int, ChannelTracker] = {}
        self._subscribers: dict[int, set[Subscriber]] = defaultdict(set)
        self._lost_while_opening: set[int] = set()
        self._acknowledged: dict[int, asyncio.Event] = {}
        self._opening = [asyncio.Lock() for _ in range(ALL_CHANNELS)]
        self._tasks: list[asyncio.Task[None]] = []
        self.refills = 0

    async def __aenter__(self) -> Self:
        await self._broadcast.connect()
        self._tasks.append(asyncio.create_task(self._dispatch(), name="hub-dispatch"))
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for subscriber in list(self._all_subscribers()):
            subscriber.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broadcast.disconnect()

    @property
    def subscriber_count(self) -> int:
        """How many subscriptions are open in this process."""
        return sum(len(subscribers) for subscribers in self._subscribers.values())

    async def subscribe(
        self,
        interest: Interest,
        *,
        after: Position | None = None,
        authorise: Authorise | None = None,
    ) -> AsyncGenerator[Item, None]:
        """What `interest` names: all after the cursor and then live; without one from now on.

        `authorise` is asked for each event; what it denies is left out.
        """
        channel = interest.channel
        tracker = await self._open(channel)
        subscriber = Subscriber(
            interest,
            tracker.position if after is None else after,
            behind=after is not None,
            buffer_events_max=self._buffer_events_max,
        )
        self._subscribers[channel].add(subscriber)
        try:
            async with aclosing(subscriber.items(self._refill)) as items:
                async for item in items:
                    if isinstance(item, Resync) or authorise is None or await authorise(item):
                        yield item
        finally:
            self._subscribers[channel].discard(subscriber)

    def _all_subscribers(self) -> Iterator[Subscriber]:
        return (each for channel in self._subscribers.values() for each in channel)

    # -------------------------------------------------------------- channels

    async def _open(self, channel: int) -> ChannelTracker:
        # Many may come first at once: one of them subscribes, the others wait for it.
        async with self._opening[channel]:
            tracker = self._trackers.get(channel)
            if tracker is None:
                await self._follow(channel)
                # Read after the acknowledgement: whatever is not below this head is still to
                # be published, and will be heard.
                self._lost_while_opening.discard(channel)
                tracker = ChannelTracker(await persist(self._refill.head))
                self._trackers[channel] = tracker
                if channel in self._lost_while_opening:
                    self._inbox.put(channel, LOST)
            return tracker

    async def _follow(self, channel: int) -> None:
        # Whoever waits here may be cancelled; the pump goes on, and there is only ever one.
        acknowledged = self._acknowledged.get(channel)
        if acknowledged is None:
            acknowledged = self._acknowledged[channel] = asyncio.Event()
            pump = self._pump(channel, acknowledged)
            self._tasks.append(asyncio.create_task(pump, name=f"hub-pump-{channel}"))
        await acknowledged.wait()

    async def _pump(self, channel: int, acknowledged: asyncio.Event) -> None:
        # Never waits for anything but frames, so the library's unbounded queue stays short.
        async with self._broadcast.subscribe(channel_name(channel)) as frames:
            acknowledged.set()
            while True:
                self._inbox.put(channel, (await frames.get()).message)

    # -------------------------------------------------------------- dispatch

    async def _dispatch(self) -> None:
        while True:
            channel, frame = await self._inbox.take()
            try:
                await self._receive(channel, frame)
            except Exception:  # noqa: BLE001 - one frame must not end the process's subscriptions
                # The log has what this frame carried.
                _log.exception("a frame of channel %s could not be handled", channel)
                self._inbox.put(channel, LOST)
                await asyncio.sleep(1)

    async def _receive(self, channel: int, text: str) -> None:
        tracker = self._trackers.get(channel)
        if tracker is None:
            if text == LOST:
                self._lost_while_opening.add(channel)
            return  # what was published before the head is read lies below it
        if text == LOST:
            await self._repair({channel} | self._inbox.lost())
            return
        try:
            frame = decode_frame(text)
        except UnreadableFrame:
            _log.warning("an unreadable frame on channel %s", channel)
            await self._repair({channel})
            return
        if isinstance(frame, Heartbeat):
            verdict = tracker.beat(frame.offset, frame.position)
        else:
            verdict = tracker.see(frame.offset, frame.message.position)
            if verdict is Verdict.NEXT:
                self._hand_on(channel, frame.message)
        if verdict is Verdict.GAP:
            await self._repair({channel})

    def _hand_on(self, channel: int, message: Message) -> None:
        for subscriber in self._subscribers[channel]:
            subscriber.offer(message)

    # -------------------------------------------------------------- refill

    async def _repair(self, channels: set[int]) -> None:
        known = channels & self._trackers.keys()
        self.refills += 1
        head = await persist(self._refill.head)
        try:
            complete = await self._read_again(known)
        except RefillRefused:
            complete = False
        for channel in known:
            if complete:
                self._trackers[channel].settle(head)
            else:
                self._leave_to_subscribers(channel, head)

    async def _read_again(self, channels: set[int]) -> bool:
        """All that the channels miss, in order; False where it is too much."""
        after = min((self._trackers[channel].position for channel in channels), default=None)
        count = 0
        while after is not None and count < self._refill_events_max:
            page = await persist(partial(self._refill.read, after, REFILL_PAGE_EVENTS))
            for logged in page:
                self._absorb(channels, logged)
            if len(page) < REFILL_PAGE_EVENTS:
                return True
            after = page[-1].position
            count += len(page)
        return after is None

    def _absorb(self, channels: set[int], logged: Logged) -> None:
        for channel in channels.intersection(channels_of(logged.event)):
            if self._trackers[channel].absorb(logged.position):
                self._hand_on(channel, message_for(channel, logged))

    def _leave_to_subscribers(self, channel: int, head: Position) -> None:
        self._trackers[channel].skip(head)
        for subscriber in self._subscribers[channel]:
            subscriber.fall_behind()


class _Inbox:
    """Frames of all channels in the order of their arrival; where it is full, all are lost."""

    def __init__(self, frames_max: int) -> None:
        self._frames: deque[tuple[int, str]] = deque()
        self._frames_max = frames_max
        self._filled = asyncio.Event()
        self._channels: set[int] = set()

    def put(self, channel: int, frame: str) -> None:
        self._channels.add(channel)
        if len(self._frames) >= self._frames_max:
            self._frames.clear()
            self._frames.extend((each, LOST) for each in self._channels)
        else:
            self._frames.append((channel, frame))
        self._filled.set()

    async def take(self) -> tuple[int, str]:
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        return self._frames.popleft()

    def lost(self) -> set[int]:
        """The channels of the `LOST` frames that follow directly: one refill serves them all."""
        channels = set()
        while self._frames and self._frames[0][1] == LOST:
            channels.add(self._frames.popleft()[0])
        return channels
