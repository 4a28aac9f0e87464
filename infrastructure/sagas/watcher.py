"""Watches broadcast transfers: one question for all of them, writes only for what changed.

It watches what this process broadcast, for as long as its lease lasts. What is not confirmed by
then is looked at again by whoever claims it: an inquiry, and where nothing is known a re-broadcast.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.provider.effects import Accepted, Claimed
from domain.provider.handlers import on_broadcast
from domain.shared.ids import EffectId, StreamId
from domain.shared.unit import JsonObject
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.model import Status
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.legs import LOOK_AGAIN_SECONDS, SolanaLegs, Watched

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.2
"""Half a slot: a confirmation is seen at most this late."""
AT_ONCE_MAX: Final = 32
LEASE_MARGIN: Final = timedelta(seconds=0.5)
"""Watching stops this long before the lease ends, so that two never decide on one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    stream_id: StreamId
    claimed: Claimed
    watched: Watched
    until: datetime


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
        """Looks for the transfer until just before the lease of its effect ends."""
        until = self._engine.clock() + timedelta(seconds=LOOK_AGAIN_SECONDS) - LEASE_MARGIN
        self._watches[claimed.id] = _Watch(
            stream_id=stream_id, claimed=claimed, watched=Watched.of(request), until=until
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
            self._watches.pop(watch.claimed.id, None)
            await self._engine.decide(
                watch.stream_id,
                lambda known, facts: on_broadcast(known, watch.claimed, outcome, facts),
            )
