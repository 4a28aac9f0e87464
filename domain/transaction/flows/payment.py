"""What the events of a payment say of the transaction, whatever its flow is."""

from typing import Final

from domain.contracts.deposit_events import (
    DeliveryBookedBefore,
    DeliverySuspended,
    ExpectedCreditReserved,
    FiatPaymentBegun,
    FiatPaymentConfirmed,
    FiatPaymentDeclined,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    FiatPaymentRequested,
    FiatPaymentTryFailed,
    FiatPaymentUnopened,
    OnRampProviderSelected,
    PaymentMethodUpdated,
    PaymentMethodUpdateRefused,
    PaymentMethodUpdateRequested,
    PaymentTimeExtended,
    ProviderAttemptFailed,
    WrongAssetDelivered,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    BlockedDepositReceived,
    CancellationRequested,
    OperatorRequired,
    OutcomeUnknown,
    UserActionCancelled,
    UserActionCompleted,
    UserActionExpired,
    UserActionRequired,
)
from domain.contracts.suspense_events import (
    EndedByPerson,
    SuspenseReleased,
    SuspenseReturnClaimed,
    SuspenseReturned,
    SuspenseReturnRefuted,
)
from domain.contracts.terms_events import (
    PaymentRequoted,
    PaymentRequoteRequested,
    PaymentTermsWorsened,
)
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Record
from domain.transaction.flows.choice import CHOICE_RECORDS
from domain.transaction.flows.review import REVIEW_RECORDS
from domain.transaction.states import Trigger

PAYMENT_RECORDS: Final[dict[type[EventPayload], Record]] = {
    **REVIEW_RECORDS,
    BalanceReservationRejected: Record(),
    ExpectedCreditReserved: Record(
        moves=((Trigger.RESERVE, None),),
        steps=(("reserve", "RESERVATION", "COMPLETED"),),
    ),
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
    FiatPaymentDeclined: Record(
        moves=((Trigger.FAIL_OVER, None),),
        outcome_certainty="CERTAIN",
        steps=(("pay", "PROVIDER", "FAILED"),),
    ),
    FiatPaymentUnopened: Record(),
    **CHOICE_RECORDS,
    PaymentTimeExtended: Record(),
    PaymentRequoteRequested: Record(waiting_on="PROVIDER"),
    PaymentRequoted: Record(),
    PaymentTermsWorsened: Record(waiting_on="NONE"),
    PaymentMethodUpdateRequested: Record(waiting_on="PROVIDER"),
    PaymentMethodUpdated: Record(),
    PaymentMethodUpdateRefused: Record(),
    UserActionRequired: Record(
        moves=((None, "FIAT_PAYMENT_PENDING"),), waiting_on="USER", outcome_certainty="CERTAIN"
    ),
    UserActionCompleted: Record(waiting_on="PROVIDER"),
    UserActionCancelled: Record(waiting_on="PROVIDER"),
    UserActionExpired: Record(waiting_on="PROVIDER"),
    OutcomeUnknown: Record(outcome_certainty="UNKNOWN", waiting_on="PROVIDER"),
    OperatorRequired: Record(waiting_on="OPERATOR", funds_location="SUSPENSE"),
    WrongAssetDelivered: Record(waiting_on="OPERATOR"),
    DeliverySuspended: Record(funds_location="SUSPENSE"),
    DeliveryBookedBefore: Record(),
    BlockedDepositReceived: Record(funds_location="SUSPENSE"),
    SuspenseReleased: Record(waiting_on="NONE", funds_location="DELIVERED"),
    EndedByPerson: Record(waiting_on="NONE", funds_location="WALLET"),
    SuspenseReturnClaimed: Record(),
    SuspenseReturned: Record(funds_location="RETURNED"),
    SuspenseReturnRefuted: Record(),
    FiatPaymentBegun: Record(waiting_on="PROVIDER"),
    FiatPaymentTryFailed: Record(),
    FiatPaymentConfirmed: Record(
        moves=((None, "FIAT_PAYMENT_CONFIRMED"),),
        waiting_on="PROVIDER",
        funds_location="PROVIDER",
        steps=(("pay", "PROVIDER", "COMPLETED"), ("convert", "PROVIDER", "STARTED")),
    ),
    CancellationRequested: Record(),
    FiatPaymentFailed: Record(
        moves=((Trigger.COMPENSATE, None),), waiting_on="NONE", outcome_certainty="CERTAIN"
    ),
    FiatPaymentRefunded: Record(funds_location="RETURNED"),
    BalanceReservationReleased: Record(),
}
"""A flow adds its opening, its purchase, its booking and its end."""

PURCHASE_REQUESTED: Final = Record(moves=((None, "CONVERSION_PENDING"),))
PURCHASE_COMPLETED: Final = Record(
    moves=(
        (None, "CONVERSION_COMPLETED"),
        (Trigger.SUBMIT_TO_CHAIN, "BLOCK_CONFIRMATION_PENDING"),
        (Trigger.CONFIRM, "CONFIRMATION_COMPLETED"),
    ),
    waiting_on="NONE",
    funds_location="CHAIN",
    outcome_certainty="CERTAIN",
    steps=(("convert", "PROVIDER", "COMPLETED"), ("deliver", "BLOCKCHAIN", "COMPLETED")),
)


_CERTAINLY_UNPAID: Final = (OnRampProviderSelected, FiatPaymentTryFailed, ProviderAttemptFailed)


def is_being_paid(stream: Stream) -> bool:
    """Whether somebody has begun to pay, or a person looks at what does not fit: only its provider can
    say how that ends."""
    if stream.has(FiatPaymentConfirmed, WrongAssetDelivered):
        return True
    if not stream.has(OnRampProviderSelected):
        return False
    for event in reversed(stream.events):
        if isinstance(event.data, FiatPaymentBegun | OperatorRequired):
            return True
        if isinstance(event.data, _CERTAINLY_UNPAID):
            return False
    return False


def payment_columns(stream: Stream, event: Event) -> Columns:
    """Whether the user may stop it, where that changes; who may try again does so at an open page."""
    match event.data:
        case FiatPaymentTryFailed():
            ended = stream.happened_since(UserActionExpired, UserActionRequired)
            ended |= stream.has(CancellationRequested)
            return {"cancellable": True, "waiting_on": "PROVIDER" if ended else "USER"}
        case FiatPaymentBegun() | FiatPaymentConfirmed() | OperatorRequired():
            return {"cancellable": False}
        case OnRampProviderSelected() | FiatPaymentDeclined():
            return {"cancellable": True}
        case _:
            return {}
