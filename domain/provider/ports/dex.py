"""Exchanges and bridges: an asset for another, on one chain or from one to another."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.provider.ports.answers import Provider, ProviderFee, Setback
from domain.provider.ports.unsigned import Unsigned
from domain.shared.assets import Asset
from domain.shared.unit import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRequest:
    """`amount` (base units of `source`) is spent in full. The same asset on two chains is a bridge.

    `slippage_millionths`: how much less than quoted may arrive. Addresses are each of its chain;
    `fee_payer` (Solana) pays network fees and rent in the sender's place.
    """

    source: Asset
    target: Asset
    amount: int
    slippage_millionths: int
    sender: str
    recipient: str
    fee_payer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapQuote:
    """`target_amount` is expected, `target_minimum` promised (base units of the target).

    `route` names the tools in order. `terms` is what the provider needs again to build it.
    """

    request: SwapRequest
    target_amount: int
    target_minimum: int
    fees: tuple[ProviderFee, ...]
    route: tuple[str, ...]
    expires_at: datetime
    estimated_seconds: int | None
    terms: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapBuilt:
    """`reference` tracks it later, where the provider gives one before it is sent."""

    unsigned: Unsigned
    reference: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapExecuted:
    """The provider took the signed transaction and says that it sent it."""

    transaction_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapTrace:
    """What a swap is found by: the hash on the source chain, the provider's reference."""

    request: SwapRequest
    transaction_hash: str
    reference: str | None = None


class SwapState(StrEnum):
    """Where a swap stands on its way to the target. Only DELIVERED is what the user asked for.

    PARTIAL: something else or less arrived; REFUNDED: it went back to the sender.
    """

    NOT_FOUND = "NOT_FOUND"
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    PARTIAL = "PARTIAL"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    UNRECOGNISED = "UNRECOGNISED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapStatus:
    """As the provider tells it now. `received` (base units of `received_asset`) is a claim to be
    looked up on the chain."""

    state: SwapState
    provider_status: str
    source_transaction_hash: str | None = None
    target_transaction_hash: str | None = None
    received: int | None = None
    received_asset: str | None = None
    refund_transaction_hash: str | None = None


class DEXProvider(Provider, Protocol):
    """Every call may answer a setback; none raises for what a provider does."""

    async def get_quote(self, request: SwapRequest) -> SwapQuote | Setback: ...

    async def build_swap(self, quote: SwapQuote) -> SwapBuilt | Setback:
        """What the sender signs; it only reads, so it may be repeated."""
        ...

    async def execute_swap(
        self, quote: SwapQuote, signed: bytes, *, key: str
    ) -> SwapExecuted | Setback:
        """Hands it to the provider, where that sends it; `Declined` where the platform must."""
        ...

    async def check_swap_status(self, trace: SwapTrace) -> SwapStatus | Setback: ...
