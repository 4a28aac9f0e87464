"""The event types of a Withdraw to an external wallet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.events import NetworkCost, Recipient
from domain.contracts.flows import FlowName
from domain.contracts.payout_events import PayoutOffer
from domain.contracts.swap_events import SwapOffer
from domain.shared.assets import USDC
from domain.shared.ids import TransactionId


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPayout:
    """A bank account of the user's: `label` shows its last digits; `offers` are the best first."""

    bank_account_id: UUID
    label: str
    fiat_currency: str
    rail: str
    country: str
    offers: tuple[PayoutOffer, ...]
    rejected: tuple[RejectedOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What is to arrive is another asset than what is taken out; `offers` are the best first."""

    target: str
    slippage_millionths: int
    offers: tuple[SwapOffer, ...]
    rejected: tuple[RejectedOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTransactionInitiated(EventPayload):
    """A user wants `amount` of an asset, all fees included, at an address of their own choice on
    `chain`, as it is or with a `conversion`; or in their `bank` account: then the recipient's
    address is the account's label. `usd_value` (millionths, rounded up) of what is no dollar."""

    KIND = "TransactionInitiated"
    definition_version: int
    transaction_id: TransactionId
    username: str
    sender_address: str
    recipient: Recipient
    chain: str
    asset: str
    amount: int
    platform_fee: int
    network_cost: NetworkCost
    approval_deadline: datetime
    bank: BankPayout | None = None
    conversion: Conversion | None = None
    usd_value: int | None = None

    def flow(self) -> FlowName:
        if self.bank:
            return FlowName.WITHDRAW_TO_BANK
        if self.asset != USDC.symbol:
            return FlowName.WITHDRAW_HELD
        return FlowName.WITHDRAW_WITH_CONVERSION if self.conversion else FlowName.WITHDRAW_TO_WALLET


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalWalletValidated(EventPayload):
    """The address is one that can hold the asset."""

    address: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DEXProviderSelected(EventPayload):
    """Who converts, and why; without a need to convert, nobody (`skipped`)."""

    KIND = "ProviderSelected"
    OPENS_ATTEMPT = True
    provider: str
    explanation: str
    skipped: bool = False

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionOrder:
    """The provider is to turn `amount` of the source into the target, and no less than promised."""

    provider: str
    source: str
    target: str
    amount: int
    target_minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionResult:
    """`spent` is what the source's chain shows; `received` None: still with the provider, who
    brings it to its own chain."""

    provider: str
    source: str
    target: str
    spent: int
    received: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetConversionRequested(EventPayload):
    """The source asset is to become the target asset; without a need for it, `skipped`."""

    KIND = "DEXSwapRequested"
    skipped: bool
    order: ConversionOrder | None = None

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetConversionCompleted(EventPayload):
    """The source asset is spent: the target is there, or owed by the provider."""

    KIND = "ProviderResponseReceived"
    skipped: bool
    result: ConversionResult | None = None

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossChainTransferRequested(EventPayload):
    """The asset is to go to the address: over a bridge, or plainly on the `same_chain`."""

    KIND = "DEXSwapRequested"
    same_chain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossChainTransferConfirmed(EventPayload):
    """It has arrived and is booked, with the amounts that the chains show: `credited` of `asset`,
    `debited` and `fees` of the `source`, which is the same without a conversion."""

    KIND = "BlockchainConfirmationReceived"
    same_chain: bool
    asset: str
    source: str
    debited: int
    credited: int
    fees: int
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTransactionCompleted(FlowCompleted):
    """The Withdraw is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTransactionFailed(FlowFailed):
    """The Withdraw ended without moving money; `reason` is a code of the catalogue."""


WITHDRAW_EVENTS: tuple[type[EventPayload], ...] = (
    WithdrawTransactionInitiated,
    ExternalWalletValidated,
    DEXProviderSelected,
    AssetConversionRequested,
    AssetConversionCompleted,
    CrossChainTransferRequested,
    CrossChainTransferConfirmed,
    WithdrawTransactionCompleted,
    WithdrawTransactionFailed,
)
