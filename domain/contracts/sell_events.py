"""The event types of a Sell: an invested asset becomes USDC."""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.events import NetworkCost
from domain.contracts.flows import FlowName
from domain.contracts.gas import Gas
from domain.contracts.swap_events import SwapOffer
from domain.shared.ids import TransactionId


@dataclass(frozen=True, slots=True, kw_only=True)
class SellTransactionInitiated(EventPayload):
    """A user sells `amount` of `asset`; `offers` are the best first.

    `usd_value` (millionths) is what it is worth at the price it was asked for, rounded up.
    `platform_fee` (USDC base units) is taken out of what arrives.
    """

    KIND = "TransactionInitiated"
    definition_version: int
    transaction_id: TransactionId
    username: str
    asset: str
    amount: int
    usd_value: int
    sender_address: str
    recipient_address: str
    platform_fee: int
    network_cost: NetworkCost
    slippage_millionths: int
    offers: tuple[SwapOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    approval_deadline: datetime

    def flow(self) -> FlowName:
        return FlowName.SELL

    @property
    def gas(self) -> Gas | None:
        """What is held beside the amount: the network's cost, and what any of the providers may
        ask aside."""
        gas = self.network_cost.gas
        if gas is None:
            return None
        aside = max(offer.aside(self.asset).amount for offer in self.offers)
        return Gas(asset=gas.asset, amount=gas.amount + aside)


@dataclass(frozen=True, slots=True, kw_only=True)
class SellTransactionCompleted(FlowCompleted):
    """The Sell is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellTransactionFailed(FlowFailed):
    """The Sell ended without USDC; `reason` is a code of the catalogue."""


SELL_EVENTS: tuple[type[EventPayload], ...] = (
    SellTransactionInitiated,
    SellTransactionCompleted,
    SellTransactionFailed,
)
