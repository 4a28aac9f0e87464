"""Carries effects out: those leased with their commit at once, those that are due by claiming.

A claimed effect without an outcome may have been executed: it is inquired first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from domain.provider.effects import Claimed
from domain.shared.ids import EffectId, StreamId
from domain.shared.stream import Stream
from domain.shared.unit import EffectRequested, EffectState, Group, JsonObject
from infrastructure.db.effects import ClaimedEffect
from infrastructure.sagas.engine import SagaEngine

logger = logging.getLogger(__name__)

AT_ONCE_MAX: Final = 64
"""Calls under way together; more wait in memory and, past their lease, in the database."""
CLAIM_MAX: Final = 64
CLAIM_POLL_SECONDS: Final = 0.25
LEASE_SECONDS: Final = 5.0
"""Short enough for a takeover to be quick; renewed while a call takes longer."""
RENEW_SECONDS: Final = 2.0
"""How often a lease is made longer while a call is under way, well before it ends."""
WORK_SECONDS_MAX: Final = 40.0
"""All calls of one effect together, with the retries of their adapter."""
CALL_SECONDS_MAX: Final = 4.0


class LeaseLost(Exception):
    """Another process has taken the effect over: what is under way here no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectInHand:
    """An effect whose lease is ours. `maybe_executed`: ask what became of it before repeating it.

    `written_here`: what this process knows of the stream is at least as new as the effect.
    """

    id: EffectId
    stream_id: StreamId
    kind: str
    key: str
    attempt: int
    epoch: int
    request: JsonObject
    maybe_executed: bool
    written_here: bool

    @classmethod
    def claimed(cls, effect: ClaimedEffect) -> Self:
        """One that was due and nobody held."""
        return cls(
            id=effect.id,
            stream_id=effect.stream_id,
            kind=effect.kind,
            key=effect.key,
            attempt=effect.attempt,
            epoch=effect.epoch,
            request=effect.request,
            maybe_executed=effect.taken_over or effect.state is not EffectState.INTENT,
            written_here=False,
        )

    @classmethod
    def leased(cls, stream_id: StreamId, effect: EffectRequested, epoch: int) -> Self:
        """One that this process wrote a moment ago."""
        return cls(
            id=effect.id,
            stream_id=stream_id,
            kind=effect.kind,
            key=effect.key,
            attempt=effect.attempt,
            epoch=epoch,
            request=effect.request,
            maybe_executed=False,
            written_here=True,
        )

    @property
    def fence(self) -> Claimed:
        """What fences the decision on it to the lease."""
        reference = str(self.request.get("reference", ""))
        return Claimed(id=self.id, epoch=self.epoch, attempt=self.attempt, reference=reference)


CarryOut = Callable[[EffectInHand, Stream], Awaitable[None]]
"""Makes the call and has its outcome decided upon."""


class Claims(Protocol):
    """Takes due effects that nobody holds, the longest due first."""

    async def claim(
        self, owner: str, groups: Collection[Group], *, limit: int, lease_seconds: float
    ) -> Sequence[ClaimedEffect]: ...

    async def renew(self, effect_id: EffectId, epoch: int, *, lease_seconds: float) -> bool:
        """Holds it longer; False: it is somebody else's, or it has ended."""
        ...


class EffectExecutor:
    """One per process that executes effects; `run` until cancelled. `handlers` by kind."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        owner: str,
        claims: Claims,
        handlers: Mapping[str, CarryOut],
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._claims = claims
        self._handlers = handlers
        self._gate = asyncio.Semaphore(AT_ONCE_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._due = asyncio.Event()

    def leased(self, stream_id: StreamId, effect: EffectRequested, epoch: int) -> None:
        """An effect that this process wrote and holds: begun without asking the database."""
        self._spawn(self._carry_out(EffectInHand.leased(stream_id, effect, epoch)))

    def wake(self) -> None:
        """Something was committed: look for due effects now."""
        self._due.set()

    async def run(self) -> None:
        """Claims what is due, until cancelled; then waits for what is under way."""
        try:
            while True:
                await self._claim()
                await self._pause()
        finally:
            await self._drain()

    async def _claim(self) -> None:
        free = AT_ONCE_MAX - len(self._tasks)
        if free <= 0:
            return
        try:
            due = await self._claims.claim(
                self._owner,
                self._engine.groups,
                limit=min(free, CLAIM_MAX),
                lease_seconds=LEASE_SECONDS,
            )
        except Exception:
            logger.exception("due effects could not be claimed")
            return
        for effect in due:
            self._spawn(self._carry_out(EffectInHand.claimed(effect)))

    async def _pause(self) -> None:
        self._due.clear()
        try:
            async with asyncio.timeout(CLAIM_POLL_SECONDS):
                await self._due.wait()
        except TimeoutError:
            return

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CALL_SECONDS_MAX)

    async def _carry_out(self, effect: EffectInHand) -> None:
        """Makes the call while the lease is ours: a slow provider's is held longer, step by step."""
        taken_at = asyncio.get_running_loop().time()
        async with self._gate:
            try:
                async with asyncio.timeout(WORK_SECONDS_MAX), asyncio.TaskGroup() as group:
                    waited = asyncio.get_running_loop().time() - taken_at
                    if waited > RENEW_SECONDS and not await self._held(effect):
                        return
                    renewing = group.create_task(self._renew(effect))
                    await self._execute(effect)
                    renewing.cancel()
            except Exception:
                # Its lease runs out and it is taken over, with an inquiry first.
                logger.exception("effect %s of %s did not end", effect.kind, effect.stream_id)

    async def _renew(self, effect: EffectInHand) -> None:
        """Until cancelled; raises `LeaseLost` where somebody else has it by now."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not await self._held(effect):
                raise LeaseLost(str(effect.id))

    async def _held(self, effect: EffectInHand) -> bool:
        return await self._claims.renew(effect.id, effect.epoch, lease_seconds=LEASE_SECONDS)

    async def _execute(self, effect: EffectInHand) -> None:
        carry_out = self._handlers.get(effect.kind)
        if carry_out is None:
            raise LookupError(f"nobody here carries out {effect.kind}")
        await carry_out(effect, await self._stream(effect))

    async def _stream(self, effect: EffectInHand) -> Stream:
        """The stream with what the effect is about in it: another process may have written both
        since this one looked."""
        known = await self._engine.stream(effect.stream_id) if effect.written_here else None
        return known or await self._engine.reread(effect.stream_id)
