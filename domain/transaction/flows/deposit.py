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
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentMethodUpdateRequested,
    PaymentMethodValidated,
    PaymentMethodValidationRequested,
    PaymentOffer,
    USDCConversionCompleted,
    USDCConversionRequested,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import UserActionRequired
from domain.contracts.payments import payment_in
from domain.contracts.suspense_events import SuspenseReleased
from domain.shared.assets import USDC
from domain.shared.ids import TransactionId
from domain.shared.money import TransactionFee
from domain.shared.stream import Stream
from domain.transaction.flow import Columns, Flow, Record
from domain.transaction.flows.ending import stopped
from domain.transaction.flows.payment import (
    PAYMENT_RECORDS,
    PURCHASE_COMPLETED,
    PURCHASE_REQUESTED,
    payment_columns,
)
from domain.transaction.flows.transfer import delivery_columns
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    DepositTransactionInitiated: Record(
        waiting_on="NONE",
        funds_location="WALLET",
        outcome_certainty="CERTAIN",
        steps=(("validate", "VALIDATION", "STARTED"),),
    ),
    PaymentMethodValidationRequested: Record(),
    **PAYMENT_RECORDS,
    PaymentMethodValidated: Record(steps=(("validate", "VALIDATION", "COMPLETED"),)),
    USDCConversionRequested: PURCHASE_REQUESTED,
    USDCConversionCompleted: PURCHASE_COMPLETED,
    AvailableBalanceUpdateRequested: Record(steps=(("book", "UPDATE", "STARTED"),)),
    AvailableBalanceUpdated: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
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
                **_promised(
                    stream.known(DepositTransactionInitiated), payment_in(stream).offer(provider)
                ),
            }
        case PaymentMethodUpdateRequested(offers=offers):
            found = _promised(stream.known(DepositTransactionInitiated), offers[0])
        case FiatPaymentConfirmed(reference=reference):
            found = {"provider_reference": reference}
        case USDCConversionCompleted(asset=asset, transaction_hash=delivered):
            found = {"chain_signature": delivered, **delivery_columns(asset, delivered)}
        case AvailableBalanceUpdated(credited=credited):
            chosen = stream.known(OnRampProviderSelected).provider
            found = {"received_amount": credited, "fees": _fees(stream, chosen)}
        case SuspenseReleased(asset=USDC.symbol, amount=amount):
            found = {"received_amount": amount}
        case _:
            found = {}
    return found | payment_columns(stream, event)


def _opening(event: Event, deposit: DepositTransactionInitiated) -> Columns:
    return {
        "type": "DEPOSIT",
        "user_id": event.user_id,
        "amount": deposit.fiat_amount,
        "asset": deposit.fiat_currency,
        "target_asset": deposit.asset,
        **_promised(deposit, deposit.offers[0]),
        "sender_username": deposit.username,
        "recipient_username": deposit.username,
        "recipient_address": deposit.address,
        "chain": "SOLANA",
        "delivery_chain": "SOLANA",
        "correlation_id": event.correlation_id,
        "created_at": event.occurred_at,
    }


def _promised(deposit: DepositTransactionInitiated, offer: PaymentOffer) -> Columns:
    """What the offer leaves of what is delivered."""
    return {"target_amount": offer.asset_amount - deposit.platform_fee}


def _fees(stream: Stream, provider: str) -> tuple[TransactionFee, ...]:
    """What the provider charges by its offer, and the platform by what has arrived."""
    deposit, updated = (
        stream.known(DepositTransactionInitiated),
        stream.latest(AvailableBalanceUpdated),
    )
    offer = payment_in(stream).offer(provider)
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
        case _:
            return stopped(stream, event, DepositTransactionFailed)


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
