"""What the events of a Withdraw to a bank say of the transaction: its states, where the money is,
who acts next."""

from dataclasses import replace
from typing import Final

from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    NetworkCost,
    OperatorRequired,
    OutcomeUnknown,
    ReservedBalanceCaptured,
    SignatureWanted,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    FiatTransferRequested,
    OffRampProviderSelected,
    PayoutOffer,
    PayoutOpened,
    PayoutRequoted,
    PayoutRequoteRequested,
    PayoutReturned,
    USDCToFiatConversionCompleted,
    USDCToFiatConversionRequested,
)
from domain.contracts.payouts import payout_in
from domain.contracts.suspense_events import EndedByPerson
from domain.contracts.terms_events import PaymentTermsWorsened
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransactionBroadcast,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    BlockchainTransferRequested,
    TransferConfirmed,
)
from domain.contracts.withdraw_events import (
    BankPayout,
    WithdrawTransactionCompleted,
    WithdrawTransactionFailed,
    WithdrawTransactionInitiated,
)
from domain.shared.assets import USDC, Chain
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.flows.swap import completed_record, failed_record, opening_record
from domain.transaction.flows.transfer import transfer_columns, transfer_records
from domain.transaction.flows.withdraw import answers
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    WithdrawTransactionInitiated: opening_record(),
    CommandIssued: Record(),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    # Chosen before the hold, since its fee is a part of it: the state waits for the hold.
    OffRampProviderSelected: Record(
        outcome_certainty="CERTAIN", steps=(("prepare", "PROVIDER", "STARTED"),)
    ),
    AvailableBalanceReserved: Record(
        moves=((Trigger.RESERVE, None), (Trigger.SELECT_PROVIDER, None)),
        funds_location="RESERVED",
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
    USDCToFiatConversionRequested: Record(
        moves=((Trigger.PROCESS, "CONVERSION_PENDING"),), waiting_on="PROVIDER"
    ),
    PaymentTermsWorsened: Record(waiting_on="NONE"),
    ProviderAttemptFailed: Record(
        moves=((Trigger.FAIL_OVER, None), (Trigger.SELECT_PROVIDER, None)),
        steps=(("prepare", "PROVIDER", "FAILED"),),
    ),
    PayoutRequoteRequested: Record(waiting_on="PROVIDER"),
    PayoutRequoted: Record(),
    PayoutOpened: Record(outcome_certainty="CERTAIN"),
    **transfer_records(
        requested=BlockchainTransferRequested,
        broadcast=BlockchainTransactionBroadcast,
        confirmed=BlockchainConfirmationReceived,
        expired=BlockchainTransferExpired,
        failed=BlockchainTransferFailed,
    ),
    # Whether the provider has opened it is unknown: nothing has been sent by then.
    OutcomeUnknown: Record(outcome_certainty="UNKNOWN"),
    USDCToFiatConversionCompleted: Record(
        moves=((Trigger.PROCESS, "CONVERSION_COMPLETED"),),
        waiting_on="PROVIDER",
        funds_location="PROVIDER",
        outcome_certainty="CERTAIN",
        steps=(("pay_out", "PROVIDER", "STARTED"),),
    ),
    FiatTransferRequested: Record(moves=((None, "FIAT_PAYMENT_PENDING"),)),
    FiatTransferConfirmed: Record(
        moves=((None, "FIAT_PAYMENT_CONFIRMED"), (Trigger.UPDATE_BALANCE, None)),
        waiting_on="NONE",
        funds_location="DELIVERED",
        steps=(("pay_out", "PROVIDER", "COMPLETED"), ("book", "UPDATE", "COMPLETED")),
    ),
    PayoutReturned: Record(
        moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
    ),
    OperatorRequired: Record(waiting_on="OPERATOR", funds_location="SUSPENSE"),
    EndedByPerson: Record(waiting_on="NONE", funds_location="RESERVED"),
    ReservedBalanceCaptured: Record(),
    BalanceReservationReleased: Record(funds_location="RETURNED"),
    WithdrawTransactionCompleted: completed_record(),
    WithdrawTransactionFailed: failed_record(),
}

MILESTONES: Final = (
    WithdrawTransactionInitiated,
    OffRampProviderSelected,
    AvailableBalanceReserved,
    PayoutOpened,
    UserActionRequired,
    UserActionSubmitted,
    BlockchainTransactionBroadcast,
    BlockchainConfirmationReceived,
    USDCToFiatConversionCompleted,
    FiatTransferConfirmed,
    WithdrawTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case WithdrawTransactionInitiated(bank=BankPayout() as bank) as withdraw:
            found = _opening(event, withdraw, bank)
        case OffRampProviderSelected(provider=provider, explanation=explanation):
            payout = payout_in(_by(stream, event))
            offer = payout.offer(provider)
            found = {
                "provider": provider,
                "provider_explanation": explanation,
                "target_amount": offer.fiat_amount,
                "fees": _fees(stream, offer, payout.network_cost),
            }
        case UserActionRequired(signature=SignatureWanted(network_cost=cost)):
            then = _by(stream, event)
            offer = payout_in(then).offer(then.known(OffRampProviderSelected).provider)
            found = {"fees": _fees(stream, offer, cost), "network_fee": cost.total_base_units}
        case BlockchainTransferRequested(approval_deadline=until):
            found = {"approval_deadline": until}
        case PayoutOpened(reference=reference):
            found = {"provider_reference": reference}
        case FiatTransferConfirmed(fiat_amount=amount):
            found = {"received_amount": amount}
        case TransferConfirmed():
            found = {}
        case _:
            found = transfer_columns(stream, event)
    return found


def _opening(event: Event, withdraw: WithdrawTransactionInitiated, bank: BankPayout) -> Columns:
    return {
        "type": "WITHDRAW",
        "user_id": event.user_id,
        "amount": withdraw.amount,
        "asset": withdraw.asset,
        "target_asset": bank.fiat_currency,
        "target_amount": bank.offers[0].fiat_amount,
        "platform_fee": withdraw.platform_fee,
        "network_fee": withdraw.network_cost.total_base_units,
        "sender_username": withdraw.username,
        "sender_address": withdraw.sender_address,
        "recipient_username": withdraw.username,
        "recipient_address": bank.label,
        "definition_version": withdraw.definition_version,
        "correlation_id": event.correlation_id,
        "approval_deadline": withdraw.approval_deadline,
        "created_at": event.occurred_at,
    }


def _by(stream: Stream, event: Event) -> Stream:
    """As it was with that event: what came since may tell of other offers."""
    return replace(stream, events=stream.events[: event.sequence])


def _fees(stream: Stream, offer: PayoutOffer, cost: NetworkCost) -> tuple[TransactionFee, ...]:
    """What the provider charges by its offer, the network, and the platform."""
    platform_fee = stream.known(WithdrawTransactionInitiated).platform_fee
    own = (
        ("NETWORK", cost.total_base_units, Chain.SOLANA),
        ("PLATFORM", platform_fee, None),
    )
    return (
        *offer.fees,
        *(
            TransactionFee(kind=kind, amount=amount, asset=USDC.symbol, provider=charged_by)
            for kind, amount, charged_by in own
        ),
    )


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
