"""The event types of a swap that its user signs: on one chain, or from one chain to another.

A swap is one signed transaction on the source's chain. Where the target lives on another chain, the
provider brings it there afterwards, and both ends are looked up on their chains.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.gas import Gas
from domain.contracts.transfer_events import LegConfirmed, LegRequested
from domain.shared.assets import ASSETS, NATIVE, Chain
from domain.shared.ids import HoldId
from domain.shared.money import TransactionFee


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOffer:
    """What a provider quoted: `target_amount` is expected, `target_minimum` promised (base units of
    the target), and how it scored (millionths, more is better)."""

    provider: str
    target: str
    target_amount: int
    target_minimum: int
    fees: tuple[TransactionFee, ...]
    route: tuple[str, ...]
    expires_at: datetime
    estimated_seconds: int | None
    score: int

    def aside(self, source: str) -> Gas:
        """What the provider may ask beside the amount, of the asset that the source's chain takes
        its fees in."""
        native = NATIVE[ASSETS[source].chain].symbol
        own = (fee for fee in self.fees if fee.kind == "PROVIDER" and fee.asset == native)
        return Gas(asset=native, amount=sum(fee.amount for fee in own))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapTerms:
    """`amount` (base units of `source`) becomes the target, nothing less than the minimum.

    Addresses are each of its asset's chain. `is_outward`: the recipient's is not the user's own, so
    that what arrives there can no longer be made good from here. `aside`: what the provider may take
    beside the amount of the asset that the network is paid in.
    """

    provider: str
    source: str
    target: str
    amount: int
    target_amount: int
    target_minimum: int
    slippage_millionths: int
    sender_address: str
    recipient_address: str
    platform_fee: int = 0
    is_outward: bool = False
    aside: Gas | None = None

    @property
    def crosses(self) -> bool:
        """Whether source and target live on two chains."""
        return ASSETS[self.source].chain != ASSETS[self.target].chain

    @property
    def network_is_paid_by_user(self) -> bool:
        """Whether nobody pays the network in the user's place: elsewhere than on Solana."""
        return ASSETS[self.source].chain is not Chain.SOLANA


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainSwapRequested(LegRequested):
    """The swap is to be built for the user's signature."""

    swap: SwapTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainSwapConfirmed(LegConfirmed):
    """The source's chain shows the swap: what it took, fees beside it, and, on one chain, what it
    gave. `received_*` is None where the target is still to arrive on its own chain. `aside`: what
    the provider took beside it of the network's own asset."""

    source: str
    target: str
    spent: int
    spent_instruction: int
    spent_account: str
    received: int | None = None
    received_instruction: int | None = None
    received_account: str | None = None
    aside: Gas | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainApprovalConfirmed(LegConfirmed):
    """The chain shows that the provider may take what the swap spends: the swap itself is next."""

    provider: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossChainDeliveryAwaited(EventPayload):
    """The provider has what was sent; the target is to arrive on its own chain."""

    KIND = "DEXSwapRequested"
    provider: str
    source: str
    spent: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossChainDelivered(EventPayload):
    """The target's chain shows, finally, what the provider sent to the recipient."""

    KIND = "BlockchainConfirmationReceived"
    provider: str
    asset: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossChainTransferRecovered(EventPayload):
    """The provider could not deliver and gave back what it had: seen on the source's chain."""

    provider: str
    asset: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSwapRequested(EventPayload):
    """The provider is to turn `amount` of the source into the target, and no less than promised."""

    KIND = "DEXSwapRequested"
    provider: str
    source: str
    target: str
    amount: int
    target_minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSwapCompleted(EventPayload):
    """The target is there: amounts as the chains show them."""

    KIND = "ProviderResponseReceived"
    provider: str
    source: str
    target: str
    spent: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestedBalanceReserved(EventPayload):
    """The amount is held on the balance of an invested asset; `gas` on that of the asset which the
    network is paid in."""

    KIND = "BalanceReserved"
    hold_id: HoldId
    asset: str
    amount: int
    gas_hold_id: HoldId | None = None
    gas: Gas | None = None


def gas_of_approvals(events: Iterable[Event]) -> int:
    """What the approvals among them cost their user, in the network's own asset."""
    approvals = (each.data for each in events)
    return sum(
        each.gas.amount
        for each in approvals
        if isinstance(each, BlockchainApprovalConfirmed) and each.gas is not None
    )


SWAP_EVENTS: tuple[type[EventPayload], ...] = (
    AssetSwapRequested,
    AssetSwapCompleted,
    InvestedBalanceReserved,
    BlockchainSwapRequested,
    BlockchainSwapConfirmed,
    BlockchainApprovalConfirmed,
    CrossChainDeliveryAwaited,
    CrossChainDelivered,
    CrossChainTransferRecovered,
)
