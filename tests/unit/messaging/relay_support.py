"""What a relay works with, in memory: where its progress is kept, its lease, its channel out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from infrastructure.db.positions import START
from infrastructure.messaging.channels import ALL_CHANNELS
from infrastructure.messaging.codec import Frame, Heartbeat, Published, decode_frame
from infrastructure.workers.relay import (
    EventLog,
    Progress,
    ProgressStore,
    Relay,
    Tenure,
)
from infrastructure.workers.wakeup import Publisher

NOTHING_YET = Progress(START, (0,) * ALL_CHANNELS)


@dataclass
class MemoryTenure:
    """One lease; `expire` is what happens to a holder that does not renew."""

    holder: str | None = None
    epoch: int = 0

    async def acquire(self, holder: str, *, seconds: float) -> int | None:
        del seconds
        if self.holder not in (None, holder):
            return None
        self.holder = holder
        self.epoch += 1
        return self.epoch

    async def renew(self, holder: str, *, epoch: int, seconds: float) -> bool:
        del seconds
        return (self.holder, self.epoch) == (holder, epoch)

    async def release(self, holder: str, *, epoch: int) -> None:
        if (self.holder, self.epoch) == (holder, epoch):
            self.holder = None

    def expire(self) -> None:
        self.holder = None


@dataclass
class MemoryStore:
    """The stored progress, fenced by the tenure's epoch."""

    tenure: MemoryTenure
    progress: Progress = NOTHING_YET
    saves: int = 0

    async def load(self) -> Progress:
        return self.progress

    async def save(self, progress: Progress, *, epoch: int, seconds: float) -> bool:
        del seconds
        if epoch != self.tenure.epoch:
            return False
        self.progress = progress
        self.saves += 1
        return True


@dataclass
class Recorder:
    """A publisher that keeps what it was given; `failures` are raised first, one a batch.

    A batch that fails has been published in part, as over a connection that breaks.
    """

    frames: list[tuple[str, Frame]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    batches: int = 0

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        self.batches += 1
        if self.failures:
            self._keep(batch[: len(batch) // 2])
            raise self.failures.pop(0)
        self._keep(batch)

    def _keep(self, batch: list[tuple[str, str]]) -> None:
        self.frames += [(channel, decode_frame(payload)) for channel, payload in batch]

    def sequences(self, channel: str) -> list[int]:
        return [
            view.sequence
            for frame in self.events(channel)
            for view in list(frame.message.projections.values())[:1]
        ]

    def offsets(self, channel: str) -> list[int]:
        return [frame.offset for frame in self.events(channel)]

    def has_published(self, channel: str, count: int) -> bool:
        return len(self.events(channel)) == count

    def events(self, channel: str) -> list[Published]:
        return [f for name, f in self.frames if name == channel and isinstance(f, Published)]

    def beats(self, channel: str) -> list[Heartbeat]:
        return [f for name, f in self.frames if name == channel and isinstance(f, Heartbeat)]


def make_relay(
    log: EventLog,
    publisher: Publisher,
    *,
    store: ProgressStore,
    tenure: Tenure,
    holder: str | None = None,
    lease_seconds: float = 6.0,
) -> Relay:
    return Relay(
        log=log,
        store=store,
        tenure=tenure,
        publisher=publisher,
        holder=holder,
        poll_seconds=0.01,
        lease_seconds=lease_seconds,
    )


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    """The relay at work; cancelled at the end, as at a shutdown."""
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
