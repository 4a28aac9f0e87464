"""What a bridge delivers, followed to the chain where it arrives.

The provider's word is a claim: what counts is what the target's chain shows, finally, on the
recipient's own address; the same for what it gives back on the source's chain.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.events import UserActionSubmitted
from domain.contracts.swap_events import BlockchainSwapRequested, CrossChainDeliveryAwaited
from domain.provider.effects import EffectKind
from domain.provider.ports.chain import ChainGateway, Movement, Presence, Sighting
from domain.provider.ports.dex import DEXProvider, SwapState, SwapStatus, SwapTrace
from domain.provider.swap import Arrived, Stuck, TrackOutcome, Waiting, on_tracked
from domain.shared.assets import ASSETS, Asset, Chain
from domain.shared.stream import Stream
from infrastructure.chains.solana.errors import RpcError
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.swaps import moved, swap_request

logger = logging.getLogger(__name__)

LOOK_SECONDS_MIN: Final = 1.0
LOOK_SECONDS_MAX: Final = 300.0
LOOK_SHARE_OF_AGE: Final = 0.2
STUCK_LOOK_SECONDS: Final = 3600.0


class DeliveryEffects:
    """Asks the bridges that this process knows, and the chains where they deliver."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        dexes: Mapping[str, DEXProvider],
        chains: Mapping[Chain, ChainGateway],
        gateway: SolanaGateway,
    ) -> None:
        self._engine = engine
        self._dexes = dexes
        self._chains = chains
        self._gateway = gateway

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.SWAP_TRACK: self._track}

    async def _track(self, effect: EffectInHand, stream: Stream) -> None:
        outcome = await self._tracked(effect, stream)
        await self._engine.decide(
            stream.id, lambda known, facts: on_tracked(known, effect.fence, outcome, facts)
        )

    async def _tracked(self, effect: EffectInHand, stream: Stream) -> TrackOutcome:
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
        """What the chain shows; not there or not final yet: the provider's word credits nothing."""
        if hash_ is None:
            return again
        if asset.chain is Chain.SOLANA:
            return await self._on_solana(asset, address, hash_, again, recovered=recovered)
        return await self._on_chain(asset, address, hash_, again, recovered=recovered)

    async def _on_solana(
        self, asset: Asset, address: str, hash_: str, again: Waiting, *, recovered: bool
    ) -> TrackOutcome:
        try:
            left = await self._gateway.footprint(hash_, "finalized")
        except RpcError as error:
            logger.info("a delivery cannot be looked up: %s", error)
            return again
        if left is None:
            return again
        came = moved(left, address, asset)
        if came is None or came.amount <= 0:
            return self._elsewhere(hash_)
        return Arrived(
            asset=asset.symbol,
            amount=came.amount,
            transaction_hash=hash_,
            instruction=came.instruction,
            account=came.account,
            recovered=recovered,
        )

    async def _on_chain(
        self, asset: Asset, address: str, hash_: str, again: Waiting, *, recovered: bool
    ) -> TrackOutcome:
        chain = self._chains.get(asset.chain)
        if chain is None:
            logger.error("a delivery waits for %s, which is not configured", asset.chain)
            return again
        credits_ = await _final_credits(chain, hash_)
        if credits_ is None:
            return again
        own = chain.parse_address(address)
        for credit in credits_:
            if credit.address == own and credit.asset == asset.symbol:
                return Arrived(
                    asset=asset.symbol,
                    amount=credit.amount,
                    transaction_hash=hash_,
                    instruction=credit.index,
                    account=credit.address,
                    recovered=recovered,
                )
        return self._elsewhere(hash_)

    def _elsewhere(self, hash_: str) -> Stuck:
        logger.error("a delivery does not fit what was asked: %s", hash_)
        due_at = self._engine.clock() + timedelta(seconds=STUCK_LOOK_SECONDS)
        return Stuck(reason="delivered to another address or another asset", due_at=due_at)


async def _final_credits(chain: ChainGateway, hash_: str) -> tuple[Movement, ...] | None:
    """None while the transaction is not final, or the chain cannot be asked."""
    sighting = await chain.sighting(hash_)
    if not isinstance(sighting, Sighting) or sighting.presence is not Presence.FINAL:
        return None
    credits_ = await chain.movements(hash_)
    return credits_ if isinstance(credits_, tuple) else None


def _trace(stream: Stream) -> SwapTrace:
    swap = stream.known(BlockchainSwapRequested).swap
    return SwapTrace(
        request=swap_request(swap),
        transaction_hash=stream.known(UserActionSubmitted).signature,
        reference=stream.signature_wanted().reference,
    )


def _pause_seconds(stream: Stream, now: datetime) -> float:
    """Asked often at first and seldom later."""
    began = next(
        event.occurred_at
        for event in stream.events
        if isinstance(event.data, CrossChainDeliveryAwaited)
    )
    age = (now - began).total_seconds()
    return min(LOOK_SECONDS_MAX, max(LOOK_SECONDS_MIN, age * LOOK_SHARE_OF_AGE))
