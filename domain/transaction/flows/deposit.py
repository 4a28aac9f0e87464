"""What a Deposit's events say of the transaction: its states, where the money is, who acts next."""

from typing import Final

from domain.contracts.deposit_events import (
    AvailableBalanceUpdated,
    AvailableBalanceUpdateRequested,
    DepositTransactionCompleted,
    DepositTransactionFailed,
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    FiatPaymentConfirmed,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentMethodValidated,
    PaymentMethodValidationRequested,
    ProviderAttemptFailed,
    USDCConversionCompleted,
    USDCConversionRequested,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    CancellationRequested,
    ComplianceBlocked,
    OperatorRequired,
    OutcomeUnknown,
    UserActionCancelled,
    UserActionCompleted,
    UserActionExpired,
    UserActionRequired,
)
from domain.shared.ids import TransactionId
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    DepositTransactionInitiated: Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    ),
    PaymentMethodValidationRequested: Record(),
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    ExpectedCreditReserved: Record(
        moves=((Trigger.RESERVE, None),),
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
    PaymentMethodValidated: Record(steps=(("validate", "VALIDATION", "COMPLETED"),)),
    OnRampProviderSelected: Record(
        moves=((Trigger.SELECT_PROVIDER, None),),
        outcome_certainty="CERTAIN",
        steps=(("pay", "PROVIDER", "STARTED"),),
    ),
    FiatPaymentRequested: Record(
        moves=((Trigger.PROCESS, "PAYMENT_METHOD_AUTHORIZING"),), waiting_on="PROVIDER"
    ),
    ProviderAttemptFailed: Record(
        moves=((Trigger.FAIL_OVER, None),), steps=(("pay", "PROVIDER", "FAILED"),)
    ),
    UserActionRequired: Record(
        moves=((None, "FIAT_PAYMENT_PENDING"),), waiting_on="USER", outcome_certainty="CERTAIN"
    ),
    UserActionCompleted: Record(waiting_on="PROVIDER"),
    UserActionCancelled: Record(waiting_on="PROVIDER"),
    UserActionExpired: Record(waiting_on="PROVIDER"),
    OutcomeUnknown: Record(outcome_certainty="UNKNOWN", waiting_on="PROVIDER"),
    OperatorRequired: Record(waiting_on="OPERATOR", funds_location="SUSPENSE"),
    FiatPaymentConfirmed: Record(
        moves=((None, "FIAT_PAYMENT_CONFIRMED"),),
        waiting_on="PROVIDER",
        funds_location="PROVIDER",
        steps=(("pay", "PROVIDER", "COMPLETED"), ("convert", "PROVIDER", "STARTED")),
    ),
    USDCConversionRequested: Record(moves=((None, "CONVERSION_PENDING"),)),
    USDCConversionCompleted: Record(
        moves=(
            (None, "CONVERSION_COMPLETED"),
            (Trigger.SUBMIT_TO_CHAIN, "BLOCK_CONFIRMATION_PENDING"),
            (Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),
        ),
        waiting_on="NONE",
        funds_location="CHAIN",
        outcome_certainty="CERTAIN",
        steps=(("convert", "PROVIDER", "COMPLETED"), ("deliver", "BLOCKCHAIN", "COMPLETED")),
    ),
    AvailableBalanceUpdateRequested: Record(steps=(("book", "UPDATE", "STARTED"),)),
    AvailableBalanceUpdated: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    CancellationRequested: Record(),
    FiatPaymentFailed: Record(
        moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
    ),
    FiatPaymentRefunded: Record(funds_location="RETURNED"),
    BalanceReservationReleased: Record(),
    DepositTransactionCompleted: Record(
        moves=((Trigger.COMPLETE, None),),
        waiting_on="NONE",
        steps=(("notify", "NOTIFICATION", "COMPLETED"),),
    ),
    DepositTransactionFailed: Record(moves=((Trigger.FAIL, None),), waiting_on="NONE"),
}

MILESTONES: Final = (
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    OnRampProviderSelected,
    FiatPaymentRequested,
    UserActionRequired,
    FiatPaymentConfirmed,
    USDCConversionCompleted,
    AvailableBalanceUpdated,
    DepositTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case DepositTransactionInitiated() as deposit:
            found = _opening(event, deposit)
        case OnRampProviderSelected(provider=provider, explanation=explanation):
            found = {
                "provider": provider,
                "provider_explanation": explanation,
                "fees": _fees(stream, provider),
            }
        case FiatPaymentConfirmed(reference=reference):
            found = {"provider_reference": reference}
        case USDCConversionCompleted(amount=amount, transaction_hash=transaction_hash):
            found = {"received_amount": amount, "chain_signature": transaction_hash}
        case AvailableBalanceUpdated():
            found = {"fees": _fees(stream, stream.known(OnRampProviderSelected).provider)}
        case DepositTransactionFailed(reason=reason):
            found = {"reason": reason, "completed_at": event.occurred_at}
        case DepositTransactionCompleted():
            found = {"completed_at": event.occurred_at}
        case _:
            found = {}
    return found


def _opening(event: Event, deposit: DepositTransactionInitiated) -> Columns:
    return {
        "type": "DEPOSIT",
        "user_id": event.user_id,
        "amount": deposit.fiat_amount,
        "asset": deposit.fiat_currency,
        "target_asset": deposit.asset,
        "target_amount": deposit.offers[0].asset_amount,
        "sender_username": deposit.username,
        "recipient_username": deposit.username,
        "recipient_address": deposit.address,
        "chain": "SOLANA",
        # A page to pay at cannot be called back; unpaid, it expires.
        "cancellable": False,
        "correlation_id": event.correlation_id,
        "created_at": event.occurred_at,
    }


def _fees(stream: Stream, provider: str) -> tuple[TransactionFee, ...]:
    """What the provider charges by its offer, and the platform by what has arrived."""
    deposit, updated = (
        stream.known(DepositTransactionInitiated),
        stream.latest(AvailableBalanceUpdated),
    )
    offer = next(each for each in deposit.offers if each.provider == provider)
    own = deposit.platform_fee if updated is None else updated.fee_due
    return (*offer.fees, TransactionFee(kind="PLATFORM", amount=own, asset=deposit.asset))


def answers(stream: Stream, event: Event) -> tuple[EventPayload, ...]:
    transaction_id = TransactionId(stream.id)
    match event.data:
        case DepositTransactionInitiated(payment_method=payment_method):
            return (PaymentMethodValidationRequested(payment_method=payment_method),)
        case USDCConversionCompleted(asset=asset, amount=amount):
            return (AvailableBalanceUpdateRequested(asset=asset, amount=amount),)
        case AvailableBalanceUpdated():
            return (DepositTransactionCompleted(transaction_id=transaction_id),)
        case BalanceReservationReleased(reason=reason):
            return (DepositTransactionFailed(transaction_id=transaction_id, reason=reason),)
        case ComplianceBlocked(code=code) | BalanceReservationRejected(code=code):
            return (DepositTransactionFailed(transaction_id=transaction_id, reason=code),)
        case _:
            return ()


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
