"""What a bridge delivers, followed to the chain where it arrives.

What it gives back is looked up on the source's chain in the same way.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.swap_events import (
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
    CrossChainDeliveryAwaited,
)
from domain.provider.effects import EffectKind
from domain.provider.ports.dex import DEXProvider, SwapState, SwapStatus, SwapTrace
from domain.provider.swap import (
    Arrived,
    Stuck,
    TrackOutcome,
    Waiting,
    needs_person,
    on_tracked,
)
from domain.shared.assets import ASSETS, Asset
from domain.shared.stream import Stream
from infrastructure.sagas.arrivals import Arrivals, Astray
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler, SagaEngine
from infrastructure.sagas.ramps import last_at, overdue
from infrastructure.sagas.swaps import swap_request

logger = logging.getLogger(__name__)

LOOK_SECONDS_MIN: Final = 1.0
LOOK_SECONDS_MAX: Final = 300.0
LOOK_SHARE_OF_AGE: Final = 0.2
STUCK_LOOK_SECONDS: Final = 3600.0
DELIVERY_DAYS_MAX: Final = 1
"""Bridges take minutes, Bitcoin an hour or two."""


class DeliveryEffects:
    """Asks the bridges that this process knows, and the chains where they deliver."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        dexes: Mapping[str, DEXProvider],
        arrivals: Arrivals,
    ) -> None:
        self._engine = engine
        self._dexes = dexes
        self._arrivals = arrivals

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.SWAP_TRACK: self._track}

    async def _track(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._tracked(effect, stream)
        if needs_person(stream, outcome):
            logger.error("the delivery of transaction %s waits for a person", stream.id)
        return lambda known, facts: on_tracked(known, effect.fence, outcome, facts)

    async def _tracked(self, effect: EffectInHand, stream: Stream) -> TrackOutcome:
        """After a day a person looks too, whatever is said of it, or is not."""
        outcome, now = await self._looked_at(effect, stream), self._engine.clock()
        late = overdue("not delivered", since=_began(stream), days=DELIVERY_DAYS_MAX, now=now)
        if isinstance(outcome, Waiting) and late is not None:
            return Stuck(reason=late, due_at=outcome.due_at)
        return outcome

    async def _looked_at(self, effect: EffectInHand, stream: Stream) -> TrackOutcome:
        now = self._engine.clock()
        again = Waiting(due_at=now + timedelta(seconds=_pause_seconds(stream, now)))
        provider = self._dexes.get(str(effect.request["provider"]))
        if provider is None:
            logger.error(
                "a delivery waits for %s, which is not configured", effect.request["provider"]
            )
            return again
        status = await provider.check_swap_status(_trace(stream))
        if not isinstance(status, SwapStatus):
            logger.info("%s cannot tell of a delivery: %s", provider.name, status.reason)
            return again
        return await self._outcome(stream, status, again)

    async def _outcome(self, stream: Stream, status: SwapStatus, again: Waiting) -> TrackOutcome:
        swap = stream.known(BlockchainSwapRequested).swap
        match status.state:
            case SwapState.DELIVERED | SwapState.PARTIAL:
                place, hash_ = swap.recipient_address, status.target_transaction_hash
                return await self._arrived(
                    ASSETS[swap.target], place, hash_, again, recovered=False
                )
            case SwapState.REFUNDED:
                place, hash_ = swap.sender_address, status.refund_transaction_hash
                return await self._arrived(ASSETS[swap.source], place, hash_, again, recovered=True)
            case SwapState.FAILED:
                due_at = self._engine.clock() + timedelta(seconds=STUCK_LOOK_SECONDS)
                return Stuck(reason=f"not delivered: {status.provider_status}", due_at=due_at)
            case _:
                return again

    async def _arrived(
        self, asset: Asset, address: str, hash_: str | None, again: Waiting, *, recovered: bool
    ) -> TrackOutcome:
        if hash_ is None:
            return again
        found = await self._arrivals.find(asset, address, hash_)
        if found is None:
            return again
        if isinstance(found, Astray):
            due_at = self._engine.clock() + timedelta(seconds=STUCK_LOOK_SECONDS)
            return Stuck(reason=found.reason, due_at=due_at)
        return Arrived(
            asset=asset.symbol,
            amount=found.moved.amount,
            transaction_hash=hash_,
            instruction=found.moved.instruction,
            account=found.moved.account,
            recovered=recovered,
        )


def _trace(stream: Stream) -> SwapTrace:
    swap = stream.known(BlockchainSwapRequested).swap
    return SwapTrace(
        request=swap_request(swap),
        transaction_hash=stream.known(BlockchainSwapConfirmed).signature,
        reference=stream.signature_wanted().reference,
    )


def _pause_seconds(stream: Stream, now: datetime) -> float:
    """Asked often at first and seldom later."""
    age = (now - _began(stream)).total_seconds()
    return min(LOOK_SECONDS_MAX, max(LOOK_SECONDS_MIN, age * LOOK_SHARE_OF_AGE))


def _began(stream: Stream) -> datetime:
    began = last_at(stream, CrossChainDeliveryAwaited)
    if began is None:
        raise LookupError(f"stream {stream.id} awaits no delivery")
    return began
