"""The provider context puts USDC to work as the orchestrator tells it to."""

from datetime import datetime, timedelta

from domain.contracts.choice_events import UserChoiceExpired, UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested, NetworkCost
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.strategies import terms_in
from domain.contracts.strategy_events import (
    BlockchainCallConfirmed,
    BlockchainCallRequested,
    DeFiProviderSelected,
    DeFiStrategyDeployed,
    DeFiStrategyDeployRequested,
    ProtocolCall,
    RequiredAssetSwapCompleted,
    RequiredAssetSwapRequested,
    StrategyAdjustmentRequired,
    StrategyLaunchInitiated,
    StrategyTerms,
    StrategyTermsAmended,
)
from domain.provider import leg
from domain.provider.leg import (
    GENERAL,
    approval_deadline,
    cancelled,
    given_up,
    leg_reactions,
)
from domain.provider.protocol import request_call
from domain.provider.strategy_choices import ADJUST_STRATEGY, STOP, chosen_terms
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
    terms = terms_in(stream)
    deployed = DeFiStrategyDeployed(
        provider=terms.provider,
        offer_id=terms.offer_id,
        amount=-stream.known(BlockchainCallConfirmed).moved,
    )
    return Decision(events=(deployed,))


def on_choice(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Goes on by what the user agreed to, or ends it: nothing was signed."""
    made = event.data
    if not isinstance(made, UserChoiceMade):
        return NOTHING
    if made.action != ADJUST_STRATEGY:
        return leg.on_choice(stream, event, facts)
    if made.option == STOP:
        return _given_up(stream)
    before, terms = terms_in(stream), chosen_terms(stream, made)
    deadline = facts.now + timedelta(seconds=facts.figures.approval_window_seconds)
    call = _call(stream, terms, facts, approval_deadline=deadline)
    if terms == before:
        return call
    amended: EventPayload = StrategyTermsAmended(terms=terms)
    return (
        Decision(events=(amended,))
        + (_another(stream, before, terms) if terms.provider != before.provider else NOTHING)
        + Decision(events=(_deploy_requested(stream, terms),))
        + call
    )


def on_choice_expired(stream: Stream, event: Event, facts: Facts) -> Decision:
    if isinstance(event.data, UserChoiceExpired) and event.data.action == ADJUST_STRATEGY:
        return _given_up(stream)
    return leg.on_choice_expired(stream, event, facts)


def _given_up(stream: Stream) -> Decision:
    why = stream.known(StrategyAdjustmentRequired)
    return Decision(events=(given_up(stream, code=why.code, reason=why.reason),))


def _another(stream: Stream, before: StrategyTerms, terms: StrategyTerms) -> Decision:
    """Another protocol takes the place of the one that was chosen first."""
    why = stream.known(StrategyAdjustmentRequired)
    failed = ProviderAttemptFailed(provider=before.provider, code=why.code, reason=why.reason)
    told = f"chosen by the user instead of {before.name} of {before.provider}: {terms.name}"
    selected = DeFiProviderSelected(provider=terms.provider, explanation=told)
    return Decision(events=(failed, selected)) + _prepared()


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
    launch, terms = stream.known(StrategyLaunchInitiated), terms_in(stream)
    announced = Decision(events=(_deploy_requested(stream, terms),))
    if stream.has(CancellationRequested):
        return announced + cancelled(stream)
    deadline = approval_deadline(stream, facts, launch.approval_deadline)
    return announced + _call(stream, terms, facts, approval_deadline=deadline)


def _deploy_requested(stream: Stream, terms: StrategyTerms) -> DeFiStrategyDeployRequested:
    amount, _cost = _figures(stream)
    return DeFiStrategyDeployRequested(
        provider=terms.provider, offer_id=terms.offer_id, amount=amount
    )


def _call(
    stream: Stream, terms: StrategyTerms, facts: Facts, *, approval_deadline: datetime
) -> Decision:
    amount, cost = _figures(stream)
    call = ProtocolCall(
        provider=terms.provider,
        offer_id=terms.offer_id,
        owner_address=stream.known(StrategyLaunchInitiated).owner_address,
        amount=amount,
    )
    return request_call(stream, facts, call, network_cost=cost, approval_deadline=approval_deadline)


def _figures(stream: Stream) -> tuple[int, NetworkCost]:
    """What the protocol gets and what the network may cost, as the user agreed to last."""
    requested = stream.latest(BlockchainCallRequested)
    if requested is not None:
        return requested.call.amount, requested.network_cost
    launch = stream.known(StrategyLaunchInitiated)
    return launch.amount - launch.network_cost.total_base_units, launch.network_cost


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    BlockchainCallConfirmed: on_confirmed,
    **leg_reactions(GENERAL),
    UserChoiceMade: on_choice,
    UserChoiceExpired: on_choice_expired,
}
