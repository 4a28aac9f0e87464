"""The provider context puts USDC to work as the orchestrator tells it to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.strategy_events import (
    BlockchainCallConfirmed,
    DeFiProviderSelected,
    DeFiStrategyDeployed,
    DeFiStrategyDeployRequested,
    ProtocolCall,
    RequiredAssetSwapCompleted,
    RequiredAssetSwapRequested,
    StrategyLaunchInitiated,
)
from domain.provider.leg import GENERAL, approval_deadline, cancelled, leg_reactions
from domain.provider.protocol import request_call
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.SELECT_PROVIDER):
            return _selected(stream)
        case CommandIssued(command=Command.CONVERT):
            return _prepared()
        case CommandIssued(command=Command.DEPLOY):
            return _deploy(stream, facts)
        case _:
            return NOTHING


def on_confirmed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    terms = stream.known(StrategyLaunchInitiated).terms
    deployed = DeFiStrategyDeployed(
        provider=terms.provider,
        offer_id=terms.offer_id,
        amount=-stream.known(BlockchainCallConfirmed).moved,
    )
    return Decision(events=(deployed,))


def _selected(stream: Stream) -> Decision:
    launch = stream.known(StrategyLaunchInitiated)
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in launch.rejected]
    chosen = f"{launch.terms.provider} offers the strategy that was chosen, {launch.terms.name}"
    selected = DeFiProviderSelected(
        provider=launch.terms.provider, explanation="; ".join((chosen, *rejections))
    )
    return Decision(events=(selected,))


def _prepared() -> Decision:
    """The strategy takes USDC as it is."""
    return Decision(
        events=(RequiredAssetSwapRequested(skipped=True), RequiredAssetSwapCompleted(skipped=True))
    )


def _deploy(stream: Stream, facts: Facts) -> Decision:
    launch = stream.known(StrategyLaunchInitiated)
    amount = launch.amount - launch.network_cost.total_base_units
    requested = DeFiStrategyDeployRequested(
        provider=launch.terms.provider, offer_id=launch.terms.offer_id, amount=amount
    )
    announced = Decision(events=(requested,))
    if stream.has(CancellationRequested):
        return announced + cancelled(stream)
    call = ProtocolCall(
        provider=launch.terms.provider,
        offer_id=launch.terms.offer_id,
        owner_address=launch.owner_address,
        amount=amount,
    )
    return announced + request_call(
        stream,
        facts,
        call,
        network_cost=launch.network_cost,
        approval_deadline=approval_deadline(stream, facts, launch.approval_deadline),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    BlockchainCallConfirmed: on_confirmed,
    **leg_reactions(GENERAL),
}
