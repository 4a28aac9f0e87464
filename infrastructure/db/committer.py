"""Commits Units: whatever waits goes together into one call, one call is one transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.shared.unit import CommitResult, Committed, Message, Unit
from infrastructure.db.checks import check_unit
from infrastructure.db.encoding import CALL_UNITS_MAX, EncodedUnit, encode_unit
from infrastructure.db.lane import Lane
from infrastructure.db.pool import Connection

RIDE_SECONDS: Final = 1.0
"""How long a message waits for a commit to go with: well within what its sender waits for us."""
RIDERS_MAX: Final = 64
BATCH_UNITS_MAX: Final = CALL_UNITS_MAX // 2
"""Half of what commit_units takes: while it works on one batch the next is being decided, where one
batch of all would leave first the database and then this process idle (a tenth of the rate)."""
WAITING_UNITS_MAX: Final = 10_000  # beyond this a caller is better told than kept


class CommitterOverloaded(Exception):
    """Too many Units wait, or the committer is closing; this one was not taken."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A Unit in the queue; no other of the same `names` may be under way with it."""

    unit: Unit
    encoded: EncodedUnit
    names: frozenset[object]
    answer: asyncio.Future[CommitResult]


@dataclass(slots=True, eq=False)
class _Rider:
    """A message of no unit, which goes with the next batch, or by itself when it is late."""

    message: Message
    late_at: float
    stored: asyncio.Future[bool]


class Committer:
    """`lanes` connections, each with one batch under way; units of one stream, key or chain claim,
    and those of one wallet that take of its limits, go one after another. With a `lease_owner` new effects that are due are leased to it.

    `after_commit` is called with the units of a batch that were committed, in the event loop; it
    must neither block nor raise.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        lanes: int = 1,
        lease_owner: str | None = None,
        lease_seconds: float = 30.0,
        after_commit: Callable[[Sequence[Unit]], None] | None = None,
        ride_seconds: float = RIDE_SECONDS,
    ) -> None:
        self._lanes = [
            Lane(connect, lease_owner=lease_owner, lease_seconds=lease_seconds)
            for _ in range(lanes)
        ]
        self._after_commit = after_commit
        self._ride_seconds = ride_seconds
        self._waiting: deque[_Waiting] = deque()
        self._riders: deque[_Rider] = deque()
        self._busy: set[object] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect; raises what connecting raises."""
        for lane in self._lanes:
            await lane.connect()
        self._tasks = [asyncio.create_task(self._run(lane)) for lane in self._lanes]

    async def commit(self, unit: Unit) -> CommitResult:
        """Commit a Unit. Raises `InvalidUnit`, `CommitterOverloaded`, `CommitFailed` (refused as a
        defect) or `DatabaseUnavailable` (outcome unknown; committing again is safe)."""
        check_unit(unit)
        if self._closing or len(self._waiting) >= WAITING_UNITS_MAX:
            raise CommitterOverloaded("the committer takes no more units")
        answer: asyncio.Future[CommitResult] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(unit, encode_unit(unit), _names(unit), answer))
        self._wake.set()
        return await answer

    async def ride(self, message: Message) -> bool:
        """Stores a message with whatever is committed next, or alone after `ride_seconds`. False:
        it is not known to be stored."""
        if self._closing or len(self._riders) >= WAITING_UNITS_MAX:
            return False
        loop = asyncio.get_running_loop()
        rider = _Rider(message, loop.time() + self._ride_seconds, loop.create_future())
        self._riders.append(rider)
        loop.call_at(rider.late_at, self._wake.set)
        return await rider.stored

    async def close(self) -> None:
        """Commit what waits, then disconnect."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._tasks)
        for lane in self._lanes:
            await lane.disconnect()

    async def _run(self, lane: Lane) -> None:
        while True:
            batch = self._take()
            riders = self._board(alone=not batch)
            if batch or riders:
                await self._execute(lane, batch, riders)
            elif self._closing and not self._waiting:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _take(self) -> list[_Waiting]:
        """The next batch, in the order of arrival; what must wait for another keeps its place."""
        batch: list[_Waiting] = []
        kept: list[_Waiting] = []
        blocked: set[object] = set()
        while self._waiting and len(batch) < BATCH_UNITS_MAX:
            waiting = self._waiting.popleft()
            if waiting.answer.cancelled():
                continue
            if waiting.names.isdisjoint(self._busy) and waiting.names.isdisjoint(blocked):
                self._busy |= waiting.names
                batch.append(waiting)
            else:
                blocked |= waiting.names
                kept.append(waiting)
        self._waiting.extendleft(reversed(kept))
        return batch

    def _board(self, *, alone: bool) -> list[_Rider]:
        """The messages that go now: with a batch all of them, alone once the first is late."""
        now = asyncio.get_running_loop().time()
        is_late = bool(self._riders) and (self._closing or self._riders[0].late_at <= now)
        if alone and not is_late:
            return []
        return [self._riders.popleft() for _ in range(min(RIDERS_MAX, len(self._riders)))]

    async def _execute(self, lane: Lane, batch: list[_Waiting], riders: list[_Rider]) -> None:
        outcomes, stored = await lane.commit(
            [(waiting.unit, waiting.encoded) for waiting in batch],
            [rider.message for rider in riders],
        )
        for rider in riders:
            if not rider.stored.done():
                rider.stored.set_result(stored)
        committed: list[Unit] = []
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._busy -= waiting.names
            if isinstance(outcome, Committed):
                committed.append(waiting.unit)
            if waiting.answer.done():
                continue
            if isinstance(outcome, Exception):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)
        self._wake.set()
        if committed and self._after_commit is not None:
            self._after_commit(committed)


def _names(unit: Unit) -> frozenset[object]:
    key = unit.key
    names: list[object] = [unit.stream_id, *unit.claims]
    if key is not None:
        names.append((key.principal, key.operation, key.key))
        if key.quote_id is not None:
            names.append(key.quote_id)
    if unit.limits_reserved:
        names.append(unit.wallet_id)
    return frozenset(names)
