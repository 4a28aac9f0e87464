"""The transaction records what all contexts publish, and says when a Send has ended."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    GatewaySelected,
    RecipientBalanceUpdated,
    SendTransactionCompleted,
    SendTransactionFailed,
    SendTransactionInitiated,
    SolanaTransferConfirmed,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import TransactionId
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import HistoryRow, JsonObject, StepRow, StepStatus, TransactionMoved
from domain.transaction.flows.send import RECORDS
from domain.transaction.machine import Position
from domain.transaction.model import position_of, positions_after, progress_percent, record_of
from domain.transaction.states import State


def record_and_go_on(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Records the event; publishes the end of the Send where the event is its last but one."""
    return _recorded(stream, event, facts) + _ending(stream, event)


def _ending(stream: Stream, event: Event) -> Decision:
    transaction_id = TransactionId(stream.id)
    match event.data:
        case RecipientBalanceUpdated():
            return Decision(events=(SendTransactionCompleted(transaction_id=transaction_id),))
        case BalanceReservationReleased(reason=reason):
            failed = SendTransactionFailed(transaction_id=transaction_id, reason=reason)
            return Decision(events=(failed,))
        case ComplianceBlocked(code=code) | BalanceReservationRejected(code=code):
            failed = SendTransactionFailed(transaction_id=transaction_id, reason=code)
            return Decision(events=(failed,))
        case _:
            return NOTHING


def _recorded(stream: Stream, event: Event, facts: Facts) -> Decision:
    before = position_of(earlier.data for earlier in stream.events[: event.sequence - 1])
    passed = positions_after(before, event.data)
    opens = isinstance(event.data, SendTransactionInitiated)
    shown = (Position(State.INITIATED),) if opens else passed
    after = passed[-1] if passed else before
    reason = event.data.reason if isinstance(event.data, SendTransactionFailed) else None
    return Decision(
        moves=(
            TransactionMoved(
                state=after.state.value,
                sub_state=after.sub_state,
                opens=opens,
                fields=_fields(stream, event, facts),
            ),
        ),
        history=tuple(
            HistoryRow(
                event_sequence=event.sequence,
                position=index,
                state=position.state.value,
                sub_state=position.sub_state,
                event_type=event.type,
                at=event.occurred_at,
                reason=reason,
            )
            for index, position in enumerate(shown)
        ),
        steps=tuple(
            StepRow(
                name=name,
                type=kind,
                status=StepStatus(status),
                attempt=event.attempt,
                event_sequence=event.sequence,
                at=event.occurred_at,
            )
            for name, kind, status in record_of(event.data).steps
        ),
    )


def _fields(stream: Stream, event: Event, facts: Facts) -> JsonObject:
    record = record_of(event.data)
    changed: dict[str, object] = {
        "updated_at": facts.now,
        "attempt": event.attempt,
        "progress_percent": progress_percent(e.data for e in stream.events[: event.sequence]),
    }
    for name in ("waiting_on", "funds_location", "outcome_certainty"):
        value = getattr(record, name)
        if value is not None:
            changed[name] = value
    return changed | _facts_of(event)


def _facts_of(event: Event) -> dict[str, object]:
    """The columns that an event fills beside the state."""
    match event.data:
        case SendTransactionInitiated() as send:
            facts: dict[str, object] = _opening(event, send)
        case GatewaySelected(provider=provider, explanation=explanation):
            facts = {"provider": provider, "provider_explanation": explanation}
        case UserActionRequired(network_cost=cost, expires_at=expires_at):
            facts = {"network_fee": cost.total_base_units, "next_check_at": expires_at}
        case UserActionSubmitted(signature=signature):
            facts = {
                "chain": "SOLANA",
                "chain_signature": signature,
                "next_check_at": None,
                "cancellable": False,
            }
        case SolanaTransferConfirmed(recipient_amount=amount):
            facts = {"received_amount": amount}
        case SendTransactionFailed(reason=reason):
            facts = {"reason": reason, "completed_at": event.occurred_at, "cancellable": False}
        case SendTransactionCompleted():
            facts = {"completed_at": event.occurred_at}
        case _:
            facts = {}
    return facts


def _opening(event: Event, send: SendTransactionInitiated) -> dict[str, object]:
    return {
        "type": "SEND",
        "user_id": event.user_id,
        "amount": send.amount,
        "asset": send.asset,
        "platform_fee": send.platform_fee,
        "network_fee": send.network_cost.total_base_units,
        "sender_username": send.username,
        "sender_address": send.sender_address,
        "recipient_address": send.recipient.address,
        "recipient_username": send.recipient.username,
        "recipient_user_id": send.recipient.user_id,
        "recipient_wallet_id": send.recipient.wallet_id,
        "memo": send.memo,
        "correlation_id": event.correlation_id,
        "approval_deadline": send.approval_deadline,
        "created_at": event.occurred_at,
    }


REACTIONS: dict[type[EventPayload], Reaction] = dict.fromkeys(
    (*RECORDS, ComplianceBlocked, BalanceReservationRejected), record_and_go_on
)
