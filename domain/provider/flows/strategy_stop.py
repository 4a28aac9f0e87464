"""The provider context takes a position out of its protocol as the orchestrator tells it to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.strategy_events import (
    AssetToUSDCSwapCompleted,
    AssetToUSDCSwapRequested,
    BlockchainCallConfirmed,
    DeFiProviderSelected,
    DeFiStrategyWithdrawn,
    DeFiStrategyWithdrawRequested,
    ProtocolCall,
    StrategyStopInitiated,
)
from domain.contracts.terms_events import PositionTermsWorsened
from domain.provider.leg import GENERAL, approval_deadline, cancelled, leg_reactions
from domain.provider.protocol import request_call
from domain.provider.slippage import on_position_worsened
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.SELECT_PROVIDER):
            return _selected(stream)
        case CommandIssued(command=Command.REDEEM):
            return _redeem(stream, facts)
        case CommandIssued(command=Command.CONVERT):
            return _converted()
        case _:
            return NOTHING


def on_confirmed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    stop = stream.known(StrategyStopInitiated)
    withdrawn = DeFiStrategyWithdrawn(
        provider=stop.provider,
        offer_id=stop.offer_id,
        amount=stream.known(BlockchainCallConfirmed).moved,
    )
    return Decision(events=(withdrawn,))


def _selected(stream: Stream) -> Decision:
    stop = stream.known(StrategyStopInitiated)
    selected = DeFiProviderSelected(
        provider=stop.provider, explanation="the protocol that holds the position"
    )
    return Decision(events=(selected,))


def _redeem(stream: Stream, facts: Facts) -> Decision:
    stop = stream.known(StrategyStopInitiated)
    requested = DeFiStrategyWithdrawRequested(
        provider=stop.provider, offer_id=stop.offer_id, shares=stop.shares
    )
    announced = Decision(events=(requested,))
    if stream.has(CancellationRequested):
        return announced + cancelled(stream)
    call = ProtocolCall(
        provider=stop.provider,
        offer_id=stop.offer_id,
        owner_address=stop.owner_address,
        shares=stop.shares,
        platform_fee=stop.platform_fee,
        value=stop.value,
        slippage_millionths=facts.figures.slippage_millionths,
    )
    return announced + request_call(
        stream,
        facts,
        call,
        network_cost=stop.network_cost,
        approval_deadline=approval_deadline(stream, facts, stop.approval_deadline),
    )


def _converted() -> Decision:
    """The protocol gave back USDC."""
    return Decision(
        events=(AssetToUSDCSwapRequested(skipped=True), AssetToUSDCSwapCompleted(skipped=True))
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    BlockchainCallConfirmed: on_confirmed,
    **leg_reactions(GENERAL),
    PositionTermsWorsened: on_position_worsened,
}
