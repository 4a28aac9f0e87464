"""The event types of a Buy: an asset is bought with Available, or with a payment method.

Fiat amounts are in hundredths of their currency, asset amounts in base units.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.contracts.deposit_events import (
    PaymentOffer,
    PurchaseCompleted,
    PurchaseRequested,
    RejectedOffer,
)
from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.events import NetworkCost
from domain.contracts.flows import FlowName
from domain.contracts.swap_events import SwapOffer
from domain.shared.ids import TransactionId


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChainPurchase:
    """`amount` of USDC, all costs included, is swapped; `offers` are the best first."""

    definition_version: int
    sender_address: str
    amount: int
    network_cost: NetworkCost
    slippage_millionths: int
    offers: tuple[SwapOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    approval_deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampPurchase:
    """`fiat_amount`, all costs included, is paid to a provider, worth `usd_value` (millionths of a US
    dollar); `offers` are the best first. With any of `methods` somebody takes such a payment."""

    fiat_amount: int
    fiat_currency: str
    usd_value: int
    payment_method: str
    country: str
    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    return_url: str
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyTransactionInitiated(EventPayload):
    """A user buys `asset`, to arrive at their own `address`; exactly one of the ways is given."""

    KIND = "TransactionInitiated"
    transaction_id: TransactionId
    username: str
    asset: str
    address: str
    on_chain: OnChainPurchase | None = None
    on_ramp: OnRampPurchase | None = None

    def flow(self) -> FlowName:
        return FlowName.BUY_ON_CHAIN if self.on_chain else FlowName.BUY_WITH_PAYMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectAssetPurchaseRequested(PurchaseRequested):
    """A Buy's money is to become the asset."""

    KIND = "OnRampPaymentRequested"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectAssetPurchaseCompleted(PurchaseCompleted):
    """A Buy's asset was delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestedBalanceUpdated(EventPayload):
    """What arrived may be sold or sent; `difference` is how much more it is than expected."""

    KIND = "BalanceUpdated"
    asset: str
    credited: int
    difference: int
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyTransactionCompleted(FlowCompleted):
    """The Buy is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyTransactionFailed(FlowFailed):
    """The Buy ended without the asset; `reason` is a code of the catalogue."""


BUY_EVENTS: tuple[type[EventPayload], ...] = (
    BuyTransactionInitiated,
    DirectAssetPurchaseRequested,
    DirectAssetPurchaseCompleted,
    InvestedBalanceUpdated,
    BuyTransactionCompleted,
    BuyTransactionFailed,
)
