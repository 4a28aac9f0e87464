"""What the Send's events say of the transaction: its states, where the money is, who acts next."""

from typing import Final

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    GatewaySelected,
    RecipientBalanceUpdated,
    RecipientValidated,
    SendTransactionCompleted,
    SendTransactionFailed,
    SendTransactionInitiated,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.transfer_events import (
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
    SolanaTransferRequested,
)
from domain.shared.ids import TransactionId
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.ending import stopped
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.flows.transfer import transfer_columns, transfer_records
from domain.transaction.states import Trigger

RECORDS: dict[type[EventPayload], Record] = {
    SendTransactionInitiated: Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    ),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    RecipientValidated: Record(
        steps=(("validate", "VALIDATION", "COMPLETED"), ("reserve", "RESERVATION", "STARTED"))
    ),
    AvailableBalanceReserved: Record(
        moves=((Trigger.RESERVE, None),),
        funds_location="RESERVED",
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
    GatewaySelected: Record(
        moves=((Trigger.SELECT_PROVIDER, None),),
        steps=(("prepare", "PROVIDER", "STARTED"),),
    ),
    **transfer_records(
        requested=SolanaTransferRequested,
        broadcast=SolanaTransferBroadcast,
        confirmed=SolanaTransferConfirmed,
        expired=SolanaTransferExpired,
        failed=SolanaTransferFailed,
    ),
    RecipientBalanceUpdated: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    BalanceReservationReleased: Record(funds_location="RETURNED"),
    SendTransactionCompleted: Record(
        moves=((Trigger.COMPLETE, None),),
        waiting_on="NONE",
        steps=(("notify", "NOTIFICATION", "COMPLETED"),),
    ),
    SendTransactionFailed: Record(moves=((Trigger.FAIL, None),), waiting_on="NONE"),
}

MILESTONES = (
    SendTransactionInitiated,
    RecipientValidated,
    AvailableBalanceReserved,
    SolanaTransferRequested,
    UserActionRequired,
    UserActionSubmitted,
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    RecipientBalanceUpdated,
    SendTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case SendTransactionInitiated() as send:
            facts: Columns = _opening(event, send)
        case GatewaySelected(provider=provider, explanation=explanation):
            facts = {"provider": provider, "provider_explanation": explanation}
        case _:
            facts = transfer_columns(stream, event)
    return facts


def _opening(event: Event, send: SendTransactionInitiated) -> Columns:
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


def answers(stream: Stream, event: Event) -> tuple[EventPayload, ...]:
    transaction_id = TransactionId(stream.id)
    match event.data:
        case RecipientBalanceUpdated():
            return (SendTransactionCompleted(transaction_id=transaction_id),)
        case _:
            return stopped(stream, event, SendTransactionFailed)


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
