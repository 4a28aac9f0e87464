"""What a Withdraw's events say of the transaction: its states, where the money is, who acts next."""

from typing import Final

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransactionBroadcast,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    BlockchainTransferRequested,
)
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    AssetConversionRequested,
    CrossChainTransferConfirmed,
    CrossChainTransferRequested,
    DEXProviderSelected,
    ExternalWalletValidated,
    WithdrawTransactionCompleted,
    WithdrawTransactionFailed,
    WithdrawTransactionInitiated,
)
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.ending import led
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.flows.transfer import transfer_columns, transfer_records
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    WithdrawTransactionInitiated: Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    ),
    CommandIssued: Record(),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    ExternalWalletValidated: Record(steps=(("validate", "VALIDATION", "COMPLETED"),)),
    AvailableBalanceReserved: Record(
        moves=((Trigger.RESERVE, None),),
        funds_location="RESERVED",
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
    DEXProviderSelected: Record(
        moves=((Trigger.SELECT_PROVIDER, None),), steps=(("prepare", "PROVIDER", "STARTED"),)
    ),
    AssetConversionRequested: Record(),
    AssetConversionCompleted: Record(steps=(("convert", "PROVIDER", "SKIPPED"),)),
    CrossChainTransferRequested: Record(),
    **transfer_records(
        requested=BlockchainTransferRequested,
        broadcast=BlockchainTransactionBroadcast,
        confirmed=BlockchainConfirmationReceived,
        expired=BlockchainTransferExpired,
        failed=BlockchainTransferFailed,
    ),
    CrossChainTransferConfirmed: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    BalanceReservationReleased: Record(funds_location="RETURNED"),
    WithdrawTransactionCompleted: Record(
        moves=((Trigger.COMPLETE, None),),
        waiting_on="NONE",
        steps=(("notify", "NOTIFICATION", "COMPLETED"),),
    ),
    WithdrawTransactionFailed: Record(moves=((Trigger.FAIL, None),), waiting_on="NONE"),
}

MILESTONES: Final = (
    WithdrawTransactionInitiated,
    ExternalWalletValidated,
    AvailableBalanceReserved,
    DEXProviderSelected,
    CrossChainTransferRequested,
    UserActionRequired,
    UserActionSubmitted,
    BlockchainTransactionBroadcast,
    BlockchainConfirmationReceived,
    CrossChainTransferConfirmed,
    WithdrawTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case WithdrawTransactionInitiated() as withdraw:
            found = opening_columns(event, withdraw)
        case DEXProviderSelected(provider=provider, explanation=explanation):
            found = {"provider": provider, "provider_explanation": explanation}
        case _:
            found = transfer_columns(stream, event)
    return found


def opening_columns(event: Event, withdraw: WithdrawTransactionInitiated) -> Columns:
    """What every Withdraw to a wallet begins its row with."""
    return {
        "type": "WITHDRAW",
        "user_id": event.user_id,
        "amount": withdraw.amount,
        "asset": withdraw.asset,
        "platform_fee": withdraw.platform_fee,
        "network_fee": withdraw.network_cost.total_base_units,
        "sender_username": withdraw.username,
        "sender_address": withdraw.sender_address,
        "recipient_address": withdraw.recipient.address,
        "recipient_user_id": withdraw.recipient.user_id,
        "recipient_wallet_id": withdraw.recipient.wallet_id,
        "definition_version": withdraw.definition_version,
        "correlation_id": event.correlation_id,
        "approval_deadline": withdraw.approval_deadline,
        "created_at": event.occurred_at,
    }


answers: Final = led(WithdrawTransactionCompleted, WithdrawTransactionFailed)
"""Of every Withdraw, wherever it goes."""

FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
