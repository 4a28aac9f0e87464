"""What the events of a Buy with a payment method say of the transaction: its states, where the money
is, who acts next."""

from typing import Final

from domain.contracts.buy_events import (
    BuyTransactionCompleted,
    BuyTransactionFailed,
    BuyTransactionInitiated,
    DirectAssetPurchaseCompleted,
    DirectAssetPurchaseRequested,
    InvestedBalanceUpdated,
)
from domain.contracts.deposit_events import (
    ExpectedCreditReserved,
    FiatPaymentConfirmed,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentMethodUpdateRequested,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import UserActionRequired
from domain.contracts.payments import payment_in, payment_of
from domain.contracts.suspense_events import SuspenseReleased
from domain.shared.assets import ASSETS
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
from domain.transaction.flows.swap import completed_record, failed_record, opening_record
from domain.transaction.flows.transfer import delivery_columns
from domain.transaction.states import Trigger

RECORDS: Final[dict[type[EventPayload], Record]] = {
    BuyTransactionInitiated: opening_record(),
    **PAYMENT_RECORDS,
    DirectAssetPurchaseRequested: PURCHASE_REQUESTED,
    DirectAssetPurchaseCompleted: PURCHASE_COMPLETED,
    InvestedBalanceUpdated: Record(
        moves=((Trigger.UPDATE_BALANCE, None),),
        funds_location="DELIVERED",
        steps=(("book", "UPDATE", "COMPLETED"),),
    ),
    BuyTransactionCompleted: completed_record(),
    BuyTransactionFailed: failed_record(),
}

MILESTONES: Final = (
    BuyTransactionInitiated,
    ExpectedCreditReserved,
    OnRampProviderSelected,
    FiatPaymentRequested,
    UserActionRequired,
    FiatPaymentConfirmed,
    DirectAssetPurchaseCompleted,
    InvestedBalanceUpdated,
    BuyTransactionCompleted,
)


def columns(stream: Stream, event: Event) -> Columns:
    match event.data:
        case BuyTransactionInitiated() as buy:
            found = _opening(event, buy)
        case OnRampProviderSelected(provider=provider, explanation=explanation):
            offer = payment_in(stream).offer(provider)
            own = TransactionFee(kind="PLATFORM", amount=0, asset=offer.asset)
            found = {
                "provider": provider,
                "provider_explanation": explanation,
                "target_amount": offer.asset_amount,
                "fees": (*offer.fees, own),
            }
        case PaymentMethodUpdateRequested(offers=offers):
            found = {"target_amount": offers[0].asset_amount}
        case FiatPaymentConfirmed(reference=reference):
            found = {"provider_reference": reference}
        case DirectAssetPurchaseCompleted(asset=asset, transaction_hash=delivered):
            found = {"chain_signature": delivered, **delivery_columns(asset, delivered)}
        case InvestedBalanceUpdated(credited=credited):
            found = {"received_amount": credited}
        case SuspenseReleased(asset=asset, amount=amount) if asset == payment_in(stream).asset:
            found = {"received_amount": amount}
        case _:
            found = {}
    return found | payment_columns(stream, event)


def _opening(event: Event, buy: BuyTransactionInitiated) -> Columns:
    payment = payment_of(buy)
    return {
        "type": "BUY",
        "user_id": event.user_id,
        "amount": payment.fiat_amount,
        "asset": payment.fiat_currency,
        "target_asset": buy.asset,
        "target_amount": payment.offers[0].asset_amount,
        "sender_username": buy.username,
        "recipient_username": buy.username,
        "recipient_address": buy.address,
        "chain": ASSETS[buy.asset].chain,
        "delivery_chain": ASSETS[buy.asset].chain,
        "correlation_id": event.correlation_id,
        "created_at": event.occurred_at,
    }


def answers(stream: Stream, event: Event) -> tuple[EventPayload, ...]:
    transaction_id = TransactionId(stream.id)
    match event.data:
        case InvestedBalanceUpdated():
            return (BuyTransactionCompleted(transaction_id=transaction_id),)
        case _:
            return stopped(stream, event, BuyTransactionFailed)


FLOW: Final = Flow(records=RECORDS, milestones=MILESTONES, columns=columns, answers=answers)
