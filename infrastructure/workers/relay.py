"""The relay: reads the log in order, numbers each channel's events, publishes them.

One relay at a time, by lease. The cursor and the numbers are stored together and now and then; a
successor starts from what was stored and gives the same events the same numbers, so what is
published twice is recognised.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from infrastructure.db.positions import Logged, Position
from infrastructure.messaging.channels import ALL_CHANNELS, channel_name, channels_of
from infrastructure.messaging.codec import Heartbeat, Published, encode_frame, message_for
from infrastructure.messaging.retrying import DATABASE_ERRORS, REDIS_ERRORS, backoff_seconds
from infrastructure.workers.wakeup import Doorbell, Publisher

_log: Final = logging.getLogger(__name__)

READ_EVENTS_MAX: Final = 500  # a batch is one round trip to Redis and is in memory at once
SAVE_EVENTS_MAX: Final = 2_000  # what a successor publishes again at most
SAVE_SECONDS: Final = 2.0  # as often as the lease is renewed: one commit does both
HEARTBEAT_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 6.0
RENEW_SECONDS: Final = 2.0
POLL_SECONDS: Final = 0.15
GATHER_SECONDS: Final = 0.002  # under load: a little patience makes larger batches
STANDBY_SECONDS: Final = 1.0
END_SECONDS_MAX: Final = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """All events up to `cursor` are published; `offsets` are the last numbers, by channel."""

    cursor: Position
    offsets: tuple[int, ...]


class EventLog(Protocol):
    """The log as the relay reads it."""

    async def read_events(self, cursor: Position, limit: int) -> Sequence[Logged]:
        """The next events above the cursor and below the oldest open writer, in order."""
        ...


class ProgressStore(Protocol):
    """Where the relay's progress is kept."""

    async def load(self) -> Progress:
        """What was stored last."""
        ...

    async def save(self, progress: Progress, *, epoch: int, seconds: float) -> bool:
        """Stores it and holds the lease of `epoch` for so long, unless that is another's by now:
        then False."""
        ...


class Tenure(Protocol):
    """The lease that makes one relay the active one."""

    async def acquire(self, holder: str, *, seconds: float) -> int | None:
        """The lease's epoch, or None while another holds it."""
        ...

    async def renew(self, holder: str, *, epoch: int, seconds: float) -> bool:
        """False where it is lost."""
        ...

    async def release(self, holder: str, *, epoch: int) -> None:
        """Give it back, so that a successor need not wait."""
        ...


class TenureLostError(Exception):
    """Another relay has taken over."""


class Relay:
    """`run` until cancelled. Ring `doorbell` at each wake-up."""

    def __init__(
        self,
        *,
        log: EventLog,
        store: ProgressStore,
        tenure: Tenure,
        publisher: Publisher,
        holder: str | None = None,
        poll_seconds: float = POLL_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._log = log
        self._store = store
        self._tenure = tenure
        self._publisher = publisher
        self._holder = holder or f"relay-{secrets.token_hex(8)}"
        self._lease_seconds = lease_seconds
        self.doorbell = Doorbell(poll_seconds=poll_seconds)
        self.active = False
        self.published_events = 0

    async def run(self) -> None:
        """Waits for the lease, relays while it holds, and starts again whatever happens."""
        failures = 0
        while True:
            before = self.published_events
            try:
                await self._hold()
                failures = 0
            except TenureLostError:
                _log.info("another relay has taken over")
            except DATABASE_ERRORS as error:
                failures = 0 if self.published_events > before else failures + 1
                _log.warning("the relay starts again: %s", error)
            except Exception:  # noqa: BLE001 - subscriptions live by it; it must go on
                failures += 1
                _log.exception("the relay starts again")
            await asyncio.sleep(backoff_seconds(failures))

    async def _hold(self) -> None:
        epoch = await self._tenure.acquire(self._holder, seconds=self._lease_seconds)
        if epoch is None:
            await asyncio.sleep(STANDBY_SECONDS)
            return
        term = _Term(
            log=self._log,
            store=self._store,
            tenure=self._tenure,
            publisher=self._publisher,
            doorbell=self.doorbell,
            holder=self._holder,
            epoch=epoch,
            lease_seconds=self._lease_seconds,
            progress=await self._store.load(),
        )
        self.active = True
        try:
            while True:
                self.published_events += await term.step()
        finally:
            self.active = False
            await asyncio.shield(term.end())


class _Term:
    """One tenure: progress in memory, from its start to its end."""

    def __init__(
        self,
        *,
        log: EventLog,
        store: ProgressStore,
        tenure: Tenure,
        publisher: Publisher,
        doorbell: Doorbell,
        holder: str,
        epoch: int,
        lease_seconds: float,
        progress: Progress,
    ) -> None:
        self._log = log
        self._store = store
        self._tenure = tenure
        self._publisher = publisher
        self._doorbell = doorbell
        self._holder = holder
        self._epoch = epoch
        self._lease_seconds = lease_seconds
        self._progress = progress
        self._saved = progress
        self._unsaved_events = 0
        self._clock = asyncio.get_running_loop().time
        now = self._clock()
        self._renewed()
        self._save_at = now + SAVE_SECONDS
        self._beat_at = now

    async def step(self) -> int:
        """Publishes what there is, keeps house, waits for more; the number of events."""
        events = await self._log.read_events(self._progress.cursor, READ_EVENTS_MAX)
        if events:
            await self._publish(events)
        await self._keep_house()
        if not events:
            await self._doorbell.wait()
        elif len(events) < READ_EVENTS_MAX:
            await asyncio.sleep(GATHER_SECONDS)
        return len(events)

    async def end(self) -> None:
        """Stores the progress and gives the lease back, as far as the database answers."""
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                await self._save()
                await self._tenure.release(self._holder, epoch=self._epoch)
        except (*DATABASE_ERRORS, TenureLostError) as error:
            _log.info("the tenure ended without a word: %s", error)

    async def _publish(self, events: Sequence[Logged]) -> None:
        batch, progress = number(events, self._progress)
        await self._send(batch)
        self._progress = progress
        self._unsaved_events += len(events)

    async def _send(self, batch: list[tuple[str, str]]) -> None:
        # The same batch until the server has taken all of it: at least once, in order.
        failures = 0
        while True:
            try:
                await self._publisher.publish(batch)
            except REDIS_ERRORS as error:
                _log.warning("publishing failed: %s", error)
                await asyncio.sleep(backoff_seconds(failures))
                failures += 1
                await self._renew_when_due()
            else:
                return

    async def _keep_house(self) -> None:
        now = self._clock()
        if now >= self._save_at or self._unsaved_events >= SAVE_EVENTS_MAX:
            self._save_at = now + SAVE_SECONDS
            await self._save()
        await self._renew_when_due()
        if now >= self._beat_at:
            self._beat_at = now + HEARTBEAT_SECONDS
            await self._send(heartbeats(self._progress))

    async def _renew_when_due(self) -> None:
        if self._clock() < self._renew_at:
            return
        self._renewed()
        if not await self._tenure.renew(
            self._holder, epoch=self._epoch, seconds=self._lease_seconds
        ):
            raise TenureLostError

    async def _save(self) -> None:
        if self._progress == self._saved:
            return
        self._renewed()
        if not await self._store.save(
            self._progress, epoch=self._epoch, seconds=self._lease_seconds
        ):
            raise TenureLostError
        self._saved, self._unsaved_events = self._progress, 0

    def _renewed(self) -> None:
        self._renew_at = self._clock() + min(RENEW_SECONDS, self._lease_seconds / 3)


def number(events: Sequence[Logged], progress: Progress) -> tuple[list[tuple[str, str]], Progress]:
    """The frames of `events`, numbered on from `progress`, and the progress they make."""
    offsets = list(progress.offsets)
    batch = []
    for logged in events:
        for channel in channels_of(logged.event):
            offsets[channel] += 1
            frame = Published(offsets[channel], message_for(channel, logged))
            batch.append((channel_name(channel), encode_frame(frame)))
    cursor = events[-1].position if events else progress.cursor
    return batch, Progress(cursor, tuple(offsets))


def heartbeats(progress: Progress) -> list[tuple[str, str]]:
    """One heartbeat a channel: a lost last message shows by it."""
    return [
        (
            channel_name(channel),
            encode_frame(Heartbeat(progress.offsets[channel], progress.cursor)),
        )
        for channel in range(ALL_CHANNELS)
    ]
