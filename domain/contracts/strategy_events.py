"""The event types of strategies: USDC is put to work in a protocol, and taken out again.

A position is what one launch opened; its identifier is that of the launching transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.events import NetworkCost
from domain.contracts.flows import FlowName
from domain.contracts.transfer_events import LegConfirmed, LegRequested
from domain.shared.ids import HoldId, TransactionId

STRATEGY_ID_SEPARATOR: Final = ":"


def strategy_id(provider: str, offer_id: str) -> str:
    """What the API calls a protocol's offer."""
    return f"{provider}{STRATEGY_ID_SEPARATOR}{offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTerms:
    """A protocol's offer as it was when it was taken: `apy` as a decimal fraction, with its source
    and time; money may be taken out after `lock_seconds`, at `exit_fee_millionths` of it."""

    provider: str
    offer_id: str
    name: str
    asset: str
    apy: str | None
    lock_seconds: int
    exit_fee_millionths: int
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCall:
    """What a protocol is asked for: to take `amount` of USDC, or to give back `shares`, for which it
    was shown to give `value`; where that is less by more than `slippage_millionths`, it is asked about.
    """

    provider: str
    offer_id: str
    owner_address: str
    amount: int = 0
    shares: int = 0
    platform_fee: int = 0
    value: int = 0
    slippage_millionths: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainCallRequested(LegRequested):
    """A protocol's call is to be built for the user's signature."""

    call: ProtocolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainCallConfirmed(LegConfirmed):
    """The chain shows the call: `moved` USDC went out of (negative) or into the owner's account,
    fees aside, and `shares` the other way."""

    moved: int
    moved_instruction: int
    moved_account: str
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLaunchInitiated(EventPayload):
    """A user puts `amount` of USDC, all costs included, to work."""

    KIND = "TransactionInitiated"
    definition_version: int
    transaction_id: TransactionId
    username: str
    owner_address: str
    amount: int
    network_cost: NetworkCost
    terms: StrategyTerms
    rejected: tuple[RejectedOffer, ...]
    approval_deadline: datetime

    def flow(self) -> FlowName:
        return FlowName.STRATEGY_LAUNCH


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyAdjustmentRequired(EventPayload):
    """Before anything was signed, the strategy is no longer what was chosen: `code` says why. It may
    be had by `amended` terms, or one of the `alternatives` instead."""

    code: str
    reason: str
    amended: StrategyTerms | None
    alternatives: tuple[StrategyTerms, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTermsAmended(EventPayload):
    """The user agreed to these terms: those of the launch no longer hold."""

    terms: StrategyTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class DeFiProviderSelected(EventPayload):
    """The protocol, and why it and no other."""

    KIND = "ProviderSelected"
    OPENS_ATTEMPT = True
    provider: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredAssetSwapRequested(EventPayload):
    """The strategy's asset is to be got; with USDC it is there (`skipped`)."""

    KIND = "DEXSwapRequested"
    skipped: bool

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredAssetSwapCompleted(EventPayload):
    """The strategy's asset is there."""

    KIND = "ProviderResponseReceived"
    skipped: bool

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class DeFiStrategyDeployRequested(EventPayload):
    """The protocol is to take the money."""

    OPENS_ATTEMPT = True
    provider: str
    offer_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeFiStrategyDeployed(EventPayload):
    """The protocol has it: as the chain shows it."""

    KIND = "DeFiStrategyLaunched"
    provider: str
    offer_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyBalanceUpdated(EventPayload):
    """The position is open: `principal` is booked, `shares` are the protocol's own units."""

    KIND = "BalanceUpdated"
    position_id: UUID
    provider: str
    offer_id: str
    name: str
    principal: int
    shares: int
    locked_until: datetime | None
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLaunchCompleted(FlowCompleted):
    """The launch is done; the position goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLaunchFailed(FlowFailed):
    """The launch ended without a position; `reason` is a code of the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyStopInitiated(EventPayload):
    """A user closes a position whole: `value` is what it would have given when it was asked for,
    after the protocol's `exit_cost`; `platform_fee` is taken out of what arrives."""

    KIND = "TransactionInitiated"
    definition_version: int
    transaction_id: TransactionId
    username: str
    owner_address: str
    position_id: UUID
    provider: str
    offer_id: str
    name: str
    principal: int
    shares: int
    value: int
    platform_fee: int
    network_cost: NetworkCost
    approval_deadline: datetime
    exit_cost: int = 0

    def flow(self) -> FlowName:
        return FlowName.STRATEGY_STOP


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReserved(EventPayload):
    """The position is held and its proceeds are expected: nothing else can close it meanwhile."""

    KIND = "BalanceReserved"
    position_hold_id: HoldId
    principal: int
    credit_hold_id: HoldId
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeFiStrategyWithdrawRequested(EventPayload):
    """The protocol is to give back what it has."""

    provider: str
    offer_id: str
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeFiStrategyWithdrawn(EventPayload):
    """The protocol gave it back: as the chain shows it."""

    KIND = "BlockchainConfirmationReceived"
    provider: str
    offer_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetToUSDCSwapRequested(EventPayload):
    """What was given back is to become USDC; USDC it is already (`skipped`)."""

    KIND = "DEXSwapRequested"
    skipped: bool

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetToUSDCSwapCompleted(EventPayload):
    """It is USDC."""

    KIND = "ProviderResponseReceived"
    skipped: bool

    def was_skipped(self) -> bool:
        return self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyStopCompleted(FlowCompleted):
    """The position is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyStopFailed(FlowFailed):
    """The position goes on as it was; `reason` is a code of the catalogue."""


class PositionNews(StrEnum):
    """What is new of an open position."""

    VALUE_CHANGED = "VALUE_CHANGED"
    LOCK_ENDED = "LOCK_ENDED"
    STALE = "STALE"
    """The protocol has not answered for long: `value` is the last that it told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionValued(EventPayload):
    """An open position is watched: what became new of it. `value` as the protocol told it at `at`,
    `number` counts such news of the position from 1; `unlocked`: it may be taken out."""

    position_id: UUID
    number: int
    news: PositionNews
    principal: int
    value: int | None
    source: str | None
    at: datetime | None
    unlocked: bool


STRATEGY_EVENTS: tuple[type[EventPayload], ...] = (
    BlockchainCallRequested,
    BlockchainCallConfirmed,
    StrategyLaunchInitiated,
    StrategyAdjustmentRequired,
    StrategyTermsAmended,
    DeFiProviderSelected,
    RequiredAssetSwapRequested,
    RequiredAssetSwapCompleted,
    DeFiStrategyDeployRequested,
    DeFiStrategyDeployed,
    StrategyBalanceUpdated,
    StrategyLaunchCompleted,
    StrategyLaunchFailed,
    StrategyStopInitiated,
    PositionReserved,
    DeFiStrategyWithdrawRequested,
    DeFiStrategyWithdrawn,
    AssetToUSDCSwapRequested,
    AssetToUSDCSwapCompleted,
    StrategyStopCompleted,
    StrategyStopFailed,
    PositionValued,
)
