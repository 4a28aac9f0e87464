"""Carries effects out: those leased with their commit at once, those that are due by claiming.

A claimed effect without an outcome may have been executed: it is inquired first.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from domain.provider.effects import Claimed
from domain.shared.ids import EffectId, StreamId
from domain.shared.stream import Stream
from domain.shared.unit import EffectRequested, EffectState, Group, JsonObject, Message
from infrastructure.db.committer import CommitterOverloaded
from infrastructure.db.effects import ClaimedEffect
from infrastructure.db.lane import LOST, DatabaseUnavailable
from infrastructure.sagas.engine import Answering, Handler, SagaEngine, TooContendedError

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
LOOK_SECONDS_MAX: Final = 4.0
"""A provider waits for our answer to what it told while we ask what has become of it."""
AHEAD_SECONDS_MAX: Final = 2.0
"""So long an outcome may wait in memory for what is read ahead."""

FAILURES_MAX: Final = 5
"""So often what an effect came to may be impossible to commit before it is parked, with its funds
held, and reported."""
PARKED_RETRY_SECONDS: Final = 60.0
"""A deployment may have mended what parked it."""
PASSING: Final = (TooContendedError, DatabaseUnavailable, CommitterOverloaded, *LOST)
"""What ends by itself and is no defect of what was decided."""


class LookError(Exception):
    """Nothing is known of what was to be looked at, and nothing was stored."""


class LeaseLost(Exception):
    """Another process has taken the effect over: what is under way here no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectInHand:
    """An effect whose lease is ours. `maybe_executed`: ask what became of it before repeating it.

    `written_here`: what this process knows of the stream is at least as new as the effect. Not
    `held`: nobody has it, and who claims it meanwhile fences out what is decided here.
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
    held: bool = True

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
    def free(cls, effect: ClaimedEffect) -> Self:
        """One that nobody holds, and that is not claimed to be looked at."""
        return replace(cls.claimed(effect), held=False)

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
        return Claimed(
            id=self.id,
            epoch=self.epoch,
            attempt=self.attempt,
            reference=reference,
            held=self.held,
        )


CarryOut = Callable[[EffectInHand, Stream], Awaitable[Handler | None]]
"""Makes the call; the handler decides upon its outcome. None: somebody else decides."""


class Claims(Protocol):
    """Takes due effects that nobody holds, the longest due first."""

    async def claim(
        self, owner: str, groups: Collection[Group], *, limit: int, lease_seconds: float
    ) -> Sequence[ClaimedEffect]: ...

    async def renew(self, effect_id: EffectId, epoch: int, *, lease_seconds: float) -> bool:
        """Holds it longer; False: it is somebody else's, or it has ended."""
        ...

    async def park(
        self, effect_id: EffectId, epoch: int, *, reason: str, retry_seconds: float
    ) -> None:
        """Leaves it aside for so long, for an operator; the others go on."""
        ...


class EffectExecutor:
    """One per process that executes effects; `run` until cancelled. `handlers` by kind.

    Kinds that are `reads` change nothing outside: one that the outcome of another effect requests
    is carried out before that outcome is committed, and both are one commit, unless it takes longer
    than `ahead_seconds_max`.
    """

    def __init__(
        self,
        *,
        engine: SagaEngine,
        owner: str,
        claims: Claims,
        handlers: Mapping[str, CarryOut],
        reads: Collection[str] = (),
        ahead_seconds_max: float = AHEAD_SECONDS_MAX,
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._claims = claims
        self._handlers = handlers
        self._reads = reads
        self._ahead_seconds_max = ahead_seconds_max
        self._gate = asyncio.Semaphore(AT_ONCE_MAX)
        self._failures: Counter[EffectId] = Counter()
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

    async def look(self, effect: EffectInHand, messages: Sequence[Message]) -> bool:
        """Carries out an effect that nobody holds, because a provider told of it by itself: one
        that only asks. Whether the messages were stored with what is new. Raises `LookError`."""
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                decide = await self._outcome(effect)
            return decide is not None and await self._decided(effect, decide, messages)
        except Exception as error:
            logger.info("what was told of %s could not be looked at: %r", effect.kind, error)
            raise LookError(str(effect.id)) from error

    async def _execute(self, effect: EffectInHand) -> None:
        decide = await self._outcome(effect)
        if decide is None:
            return
        try:
            await self._decided(effect, decide)
        except PASSING:
            raise
        except Exception as error:
            self._failures[effect.id] += 1
            if self._failures[effect.id] >= FAILURES_MAX:
                await self._park(effect, error)
            raise
        self._failures.pop(effect.id, None)

    async def _park(self, effect: EffectInHand, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        logger.error(
            "effect %s of %s waits for a person: %s", effect.kind, effect.stream_id, reason
        )
        await self._claims.park(
            effect.id, effect.epoch, reason=reason, retry_seconds=PARKED_RETRY_SECONDS
        )

    async def _outcome(self, effect: EffectInHand) -> Handler | None:
        carry_out = self._handlers.get(effect.kind)
        if carry_out is None:
            raise LookupError(f"nobody here carries out {effect.kind}")
        return await carry_out(effect, await self._stream(effect))

    async def _decided(
        self, effect: EffectInHand, decide: Handler, messages: Sequence[Message] = ()
    ) -> bool:
        answering = Answering(
            effect_id=effect.id,
            messages=tuple(replace(message, answered=True) for message in messages),
            ahead=self._read_ahead,
        )
        return (await self._engine.decide(effect.stream_id, decide, answering=answering)).changed

    async def _read_ahead(
        self, stream: Stream, requested: Sequence[EffectRequested]
    ) -> Handler | None:
        now = self._engine.clock()
        read = next((e for e in requested if e.kind in self._reads and e.due_at <= now), None)
        if read is None:
            return None
        try:
            async with asyncio.timeout(self._ahead_seconds_max):
                return await self._handlers[read.kind](
                    EffectInHand.leased(stream.id, read, 0), stream
                )
        except Exception as error:  # noqa: BLE001  it is carried out again after the commit
            logger.info("%s of %s is carried out later: %r", read.kind, stream.id, error)
            return None

    async def _stream(self, effect: EffectInHand) -> Stream:
        """The stream with what the effect is about in it: another process may have written both
        since this one looked."""
        known = await self._engine.stream(effect.stream_id) if effect.written_here else None
        return known or await self._engine.reread(effect.stream_id)
