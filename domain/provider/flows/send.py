"""The provider context picks the way to the chain and asks for the transfer to be built."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    CancellationRequested,
    GatewaySelected,
    SendTransactionInitiated,
    SolanaTransferExpired,
    SolanaTransferFailed,
    SolanaTransferRequested,
    UserActionCancelled,
    UserActionExpired,
    UserActionRequired,
)
from domain.provider.effects import EffectKind, effect_id
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import ActionMoved, ActionStatus, EffectMoved, EffectRequested, EffectState
from domain.shared.unit import Group as ReactingGroup

GATEWAY = "solana-rpc"
CANCELLED = SolanaTransferFailed(
    code="TXN_CANCELLED", reason="cancelled before it was signed", landed=False
)


def on_reserved(stream: Stream, _event: Event, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return Decision(events=(CANCELLED,))
    selected = GatewaySelected(
        provider=GATEWAY, explanation="the configured gateway to Solana; the only candidate"
    )
    return Decision(events=(selected,)) + request_build(stream, facts)


def request_build(stream: Stream, facts: Facts) -> Decision:
    """One more attempt at building the transfer."""
    send = stream.known(SendTransactionInitiated)
    attempt = stream.count(SolanaTransferRequested) + 1
    build = effect_id(stream.id, EffectKind.BUILD, attempt)
    return Decision(
        events=(SolanaTransferRequested(effect_id=build),),
        effects_requested=(
            EffectRequested(
                id=build,
                group=ReactingGroup.PROVIDER,
                kind=EffectKind.BUILD,
                key=str(build),
                attempt=attempt,
                request={
                    "sender": send.sender_address,
                    "recipient": send.recipient.address,
                    "amount": send.amount,
                    "platform_fee": send.platform_fee,
                },
                due_at=facts.now,
            ),
        ),
    )


def on_cancellation(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Withdraws what was asked of the user. Before the reservation there is nothing to withdraw."""
    attempt = stream.count(SolanaTransferRequested)
    if attempt == 0:
        return NOTHING
    action = stream.latest(UserActionRequired)
    if action is None or stream.happened_since(SolanaTransferRequested, UserActionRequired):
        build = effect_id(stream.id, EffectKind.BUILD, attempt)
        return Decision(
            events=(CANCELLED,),
            effects_moved=(EffectMoved(id=build, state=EffectState.CANCELLED),),
        )
    return Decision(
        events=(UserActionCancelled(action_id=action.action_id), CANCELLED),
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


def on_action_expired(stream: Stream, _event: Event, facts: Facts) -> Decision:
    if stream.known(UserActionExpired).final:
        return Decision(
            events=(
                SolanaTransferFailed(
                    code="TXN_APPROVAL_EXPIRED", reason="not signed in time", landed=False
                ),
            )
        )
    return request_build(stream, facts)


def on_transfer_expired(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return NOTHING if stream.known(SolanaTransferExpired).final else request_build(stream, facts)


REACTIONS: dict[type[EventPayload], Reaction] = {
    AvailableBalanceReserved: on_reserved,
    CancellationRequested: on_cancellation,
    UserActionExpired: on_action_expired,
    SolanaTransferExpired: on_transfer_expired,
}
