"""Watches broadcast transfers: one question for all of them, writes only for what changed.

It watches what this process broadcast, for as long as its lease lasts. What is not confirmed by
then is looked at again by whoever claims it: an inquiry, and where nothing is known a re-broadcast.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.provider.effects import Accepted, BroadcastOutcome, Claimed, Unknown
from domain.provider.handlers import on_broadcast
from domain.shared.ids import EffectId, StreamId
from domain.shared.unit import JsonObject
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.model import Status
from infrastructure.sagas.engine import Answering, SagaEngine
from infrastructure.sagas.legs import LOOK_AGAIN_SECONDS, SolanaLegs, Watched

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.2
"""Half a slot: a confirmation is seen at most this late."""
AT_ONCE_MAX: Final = 32
LEASE_MARGIN: Final = timedelta(seconds=0.5)
"""Watching stops this long before the lease ends, so that two never decide on one."""
QUIET: Final = timedelta(seconds=0.5)
"""What is confirmed so soon after its broadcast is told of once; the lease lasts longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    stream_id: StreamId
    claimed: Claimed
    watched: Watched
    until: datetime
    tell_at: datetime | None


class ConfirmationWatcher:
    """One per process that broadcasts; `run` until cancelled. `poll_seconds` between questions."""

    def __init__(
        self, *, engine: SagaEngine, legs: SolanaLegs, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._engine = engine
        self._legs = legs
        self._poll_seconds = poll_seconds
        self._watches: dict[EffectId, _Watch] = {}
        self._news = asyncio.Event()

    def watch(self, stream_id: StreamId, claimed: Claimed, request: JsonObject) -> None:
        """Looks for a transfer that a node took, tells that it did, and looks until just before the
        lease of its effect ends."""
        now = self._engine.clock()
        self._watches[claimed.id] = _Watch(
            stream_id=stream_id,
            claimed=claimed,
            watched=Watched.of(request),
            until=_until(now),
            tell_at=now + QUIET,
        )
        self._news.set()

    async def run(self) -> None:
        """Asks, decides, waits; nothing is asked while nothing is watched."""
        while True:
            self._news.clear()
            if not self._watches:
                await self._news.wait()
            try:
                await self._look()
            except RpcError as error:
                logger.info("confirmations could not be asked: %s", error)
            except Exception:
                logger.exception("confirmations could not be handled")
            await self._tell()
            await asyncio.sleep(self._poll_seconds if self._watches else 0)

    async def _look(self) -> None:
        now = self._engine.clock()
        for effect_id in [key for key, watch in self._watches.items() if watch.until <= now]:
            del self._watches[effect_id]
        by_signature = {watch.watched.signature: watch for watch in self._watches.values()}
        if not by_signature:
            return
        reached = await self._legs.confirmed(list(by_signature))
        gate = asyncio.Semaphore(AT_ONCE_MAX)
        await asyncio.gather(
            *(
                self._settle(by_signature[signature], status, gate)
                for signature, status in reached.items()
            )
        )

    async def _settle(self, watch: _Watch, status: Status, gate: asyncio.Semaphore) -> None:
        async with gate:
            stream = await self._engine.stream(watch.stream_id)
            if stream is None:
                raise LookupError(f"no stream {watch.stream_id}")
            now = self._engine.clock()
            outcome = await self._legs.landed(stream, watch.watched, status, now)
            if isinstance(outcome, Accepted):
                return
            if watch.tell_at is not None and isinstance(outcome, Unknown):
                # It is told first that a node took it.
                return
            self._watches.pop(watch.claimed.id, None)
            await self._decide(watch, outcome)

    async def _tell(self) -> None:
        """That nodes took what has not been confirmed for a while."""
        now = self._engine.clock()
        late = [each for each in self._watches.values() if each.tell_at and each.tell_at <= now]
        gate = asyncio.Semaphore(AT_ONCE_MAX)
        await asyncio.gather(*(self._tell_of(watch, now, gate) for watch in late))

    async def _tell_of(self, watch: _Watch, now: datetime, gate: asyncio.Semaphore) -> None:
        async with gate:
            self._watches[watch.claimed.id] = replace(watch, tell_at=None, until=_until(now))
            accepted = Accepted(due_at=now + timedelta(seconds=LOOK_AGAIN_SECONDS))
            try:
                await self._decide(watch, accepted)
            except Exception:
                # Whoever takes the effect over finds out what became of it.
                logger.exception("a broadcast of %s could not be told of", watch.stream_id)
                self._watches.pop(watch.claimed.id, None)

    async def _decide(self, watch: _Watch, outcome: BroadcastOutcome) -> None:
        await self._engine.decide(
            watch.stream_id,
            lambda known, facts: on_broadcast(known, watch.claimed, outcome, facts),
            answering=Answering(effect_id=watch.claimed.id),
        )


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=LOOK_AGAIN_SECONDS) - LEASE_MARGIN
