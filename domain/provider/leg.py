"""A transaction that a user signs, as a leg of any flow: asked for, withdrawn, built anew.

What differs between flows is what its events are called; how it goes is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.contracts.choice_events import UserChoiceExpired, UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    CancellationRequested,
    ComplianceReviewRequired,
    FeeDueReserved,
    FeeDueSettled,
    NetworkCost,
    UserActionCancelled,
    UserActionExpired,
    UserActionRequired,
)
from domain.contracts.flows import FlowName
from domain.contracts.swap_events import (
    BlockchainSwapRequested,
)
from domain.contracts.terms_events import (
    GasReservationRaised,
    GasReservationRejected,
    GasReservationRequested,
    NetworkCostRose,
)
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransactionBroadcast,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    BlockchainTransferRequested,
    LegConfirmed,
    LegRequested,
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
    SolanaTransferRequested,
    TransferBroadcast,
    TransferConfirmed,
    TransferExpired,
    TransferFailed,
    TransferRequested,
    TransferWanted,
)
from domain.provider.choices import pending_choice, withdraw_choice
from domain.provider.confirmations import (
    ACCEPT,
    CONFIRM_NETWORK_FEE,
    more_gas,
    on_cost_rose,
    with_agreed_cost,
)
from domain.provider.effects import (
    EffectKind,
    effect_id,
    request_effect,
)
from domain.provider.extensions import EXTEND_TIMEOUT
from domain.provider.signing import extend, with_time_given
from domain.provider.slippage import with_agreed_terms
from domain.shared.assets import ASSETS, Chain
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import EffectId
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import (
    ActionMoved,
    ActionStatus,
    EffectMoved,
    EffectState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What a flow calls the events of its leg, where the leg is a transfer."""

    requested: type[TransferRequested]
    broadcast: type[TransferBroadcast]
    confirmed: type[TransferConfirmed]
    expired: type[TransferExpired]
    failed: type[TransferFailed]


SOLANA_GATEWAY: Final = "solana-rpc"
GATEWAYS: Final[Mapping[Chain, str]] = {
    Chain.SOLANA: SOLANA_GATEWAY,
    Chain.BITCOIN: "bitcoin",
    Chain.ETHEREUM: "ethereum",
    Chain.SUI: "sui",
}
"""Who carries a transaction to each chain, by the names of the exchanges with them."""
NO_EFFECT: Final = EffectId(UUID(int=0))
"""Stands for the effect until it is named."""

GENERAL: Final = Leg(
    requested=BlockchainTransferRequested,
    broadcast=BlockchainTransactionBroadcast,
    confirmed=BlockchainConfirmationReceived,
    expired=BlockchainTransferExpired,
    failed=BlockchainTransferFailed,
)
OWN: Final[Mapping[FlowName, Leg]] = {
    FlowName.SEND: Leg(
        requested=SolanaTransferRequested,
        broadcast=SolanaTransferBroadcast,
        confirmed=SolanaTransferConfirmed,
        expired=SolanaTransferExpired,
        failed=SolanaTransferFailed,
    )
}


def leg_of(stream: Stream) -> Leg:
    """The names that the stream's flow has for them."""
    return GENERAL if stream.flow is None else OWN.get(stream.flow, GENERAL)


def attempts(stream: Stream) -> int:
    """How often something to sign was asked for in this stream; the last one's number."""
    return stream.count(LegRequested)


def request_leg(stream: Stream, requested: LegRequested, facts: Facts) -> Decision:
    """One more attempt at building what is to be signed; `requested` gets its effect here."""
    build = request_effect(
        stream.id,
        EffectKind.BUILD,
        attempts(stream) + 1,
        request={"signer": requested.signer_address},
        due_at=facts.now,
    )
    until = with_time_given(stream, requested.approval_deadline)
    named = replace(requested, effect_id=build.id, approval_deadline=until)
    return Decision(events=(named,), effects_requested=(build,))


def request_transfer(
    stream: Stream,
    facts: Facts,
    transfer: TransferWanted,
    *,
    network_cost: NetworkCost,
    approval_deadline: datetime,
) -> Decision:
    """A transfer, as the flow calls it."""
    requested = leg_of(stream).requested(
        effect_id=NO_EFFECT,
        signer_address=transfer.sender_address,
        network_cost=network_cost,
        approval_deadline=approval_deadline,
        chain=ASSETS[transfer.asset].chain,
        transfer=transfer,
    )
    return request_leg(stream, requested, facts)


def approval_deadline(stream: Stream, facts: Facts, given: datetime) -> datetime:
    """Until when the user may sign: what they were given, or, where a person had to approve first,
    as long from then on."""
    if not stream.has(ComplianceReviewRequired):
        return given
    return facts.now + timedelta(seconds=facts.figures.approval_window_seconds)


def fee_due(stream: Stream) -> int:
    """What the signature that is asked for next pays of what is owed from earlier: all that the
    wallet holds for it, once."""
    held = stream.latest(FeeDueReserved)
    if held is None or stream.has(FeeDueSettled, LegConfirmed):
        return 0
    return held.amount


def given_up(stream: Stream, *, code: str, reason: str) -> EventPayload:
    """It cannot be built: with a provider, the next may be asked; else the leg has failed."""
    requested = stream.known(LegRequested)
    if isinstance(requested, BlockchainSwapRequested):
        return ProviderAttemptFailed(provider=requested.swap.provider, code=code, reason=reason)
    return leg_of(stream).failed(code=code, reason=reason, landed=False)


def cancelled(stream: Stream) -> Decision:
    """The transfer is not to be made: nothing of it has left the platform."""
    failed = leg_of(stream).failed(
        code="TXN_CANCELLED", reason="cancelled before it was signed", landed=False
    )
    return Decision(events=(failed,))


def on_cancellation(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Withdraws what was asked of the user. Before a transfer there is nothing to withdraw."""
    asked, withdrawn = pending_choice(stream), withdraw_choice(stream, facts)
    if asked is not None and asked.action != EXTEND_TIMEOUT:
        return withdrawn + cancelled(stream)
    return withdrawn + _leg_withdrawn(stream, facts)


def _leg_withdrawn(stream: Stream, facts: Facts) -> Decision:
    attempt = attempts(stream)
    if attempt == 0:
        return NOTHING
    if stream.happened_since(NetworkCostRose, LegRequested):
        # The user has agreed to it, and the wallet is to hold it: nothing is being built.
        return cancelled(stream)
    action = stream.latest(UserActionRequired)
    if action is None or stream.happened_since(LegRequested, UserActionRequired):
        build = effect_id(stream.id, EffectKind.BUILD, attempt)
        moved = EffectMoved(id=build, state=EffectState.CANCELLED)
        return cancelled(stream) + Decision(effects_moved=(moved,))
    withdrawn = Decision(
        events=(UserActionCancelled(action_id=action.action_id),),
        actions_moved=(
            ActionMoved(id=action.action_id, status=ActionStatus.CANCELLED, at=facts.now),
        ),
        effects_moved=(
            EffectMoved(
                id=effect_id(stream.id, EffectKind.SIGN_DEADLINE, attempt),
                state=EffectState.CANCELLED,
            ),
        ),
    )
    return withdrawn + cancelled(stream)


def on_action_expired(stream: Stream, _event: Event, facts: Facts) -> Decision:
    if stream.known(UserActionExpired).final:
        failed = leg_of(stream).failed(
            code="TXN_APPROVAL_EXPIRED", reason="not signed in time", landed=False
        )
        return Decision(events=(failed,))
    return _again(stream, facts)


def on_choice(stream: Stream, event: Event, facts: Facts) -> Decision:
    """By terms that the user has agreed to it is built anew; a no ends it. Or they have more time."""
    made = event.data
    if not isinstance(made, UserChoiceMade):
        return NOTHING
    if made.action == EXTEND_TIMEOUT:
        return extend(stream, made, facts)
    if made.option != ACCEPT:
        failed = leg_of(stream).failed(
            code="TXN_TERMS_REJECTED", reason="the user said no to the new terms", landed=False
        )
        return Decision(events=(failed,))
    requested = stream.known(LegRequested)
    if made.action != CONFIRM_NETWORK_FEE:
        return _anew(stream, with_agreed_terms(stream, requested, facts), facts)
    more = more_gas(stream)
    if more is not None:
        return Decision(events=(GasReservationRequested(gas=more),))
    return _anew(stream, with_agreed_cost(stream, requested), facts)


def on_gas_raised(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """What the user agreed to pay the network is held: now it is built anew."""
    if stream.happened_since(TransferFailed, GasReservationRequested):
        return NOTHING
    return _anew(stream, with_agreed_cost(stream, stream.known(LegRequested)), facts)


def on_gas_rejected(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    if stream.happened_since(TransferFailed, GasReservationRequested):
        return NOTHING
    code = stream.known(GasReservationRejected).code
    failed = leg_of(stream).failed(
        code=code, reason="too little is left for what the network asks", landed=False
    )
    return Decision(events=(failed,))


def _anew(stream: Stream, requested: LegRequested, facts: Facts) -> Decision:
    """By terms that were just agreed to, with as long to sign as at the beginning."""
    until = facts.now + timedelta(seconds=facts.figures.approval_window_seconds)
    return request_leg(stream, replace(requested, approval_deadline=until), facts)


def on_choice_expired(stream: Stream, event: Event, _facts: Facts) -> Decision:
    if isinstance(event.data, UserChoiceExpired) and event.data.action == EXTEND_TIMEOUT:
        return NOTHING
    failed = leg_of(stream).failed(
        code="TXN_TERMS_UNANSWERED", reason="the new terms were not answered in time", landed=False
    )
    return Decision(events=(failed,))


def on_leg_expired(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return NOTHING if stream.known(TransferExpired).final else _again(stream, facts)


def _again(stream: Stream, facts: Facts) -> Decision:
    return request_leg(stream, stream.known(LegRequested), facts)


def leg_reactions(leg: Leg) -> dict[type[EventPayload], Reaction]:
    """What a flow with such a leg reacts to, beside what asks for it."""
    return {
        CancellationRequested: on_cancellation,
        UserActionExpired: on_action_expired,
        NetworkCostRose: on_cost_rose,
        UserChoiceMade: on_choice,
        UserChoiceExpired: on_choice_expired,
        GasReservationRaised: on_gas_raised,
        GasReservationRejected: on_gas_rejected,
        leg.expired: on_leg_expired,
    }
