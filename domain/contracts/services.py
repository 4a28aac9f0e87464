"""What goes into and comes out of the services behind the API: sending, and signing in.

A wish without an idempotency key is only looked at; `quote_id` is of terms that were shown before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SendInput:
    """A wish to send, as the user typed it: nothing of it has been read yet."""

    amount: str
    recipient: str
    memo: str | None
    idempotency_key: str | None = None
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawInput:
    """A wish to withdraw to an external wallet, as the user typed it; `target_asset` is what is to
    arrive there."""

    amount: str
    asset: str
    target_asset: str
    address: str
    chain: str
    max_slippage_percent: str | None = None
    idempotency_key: str | None = None
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAddress:
    """Where on which chain, as the user typed it."""

    address: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapInput:
    """A wish to buy `asset` for `amount` of USDC, to a `destination` where one is given, or to sell
    `amount` of it, as the user typed it."""

    asset: str
    amount: str
    max_slippage_percent: str | None
    idempotency_key: str | None = None
    quote_id: UUID | None = None
    destination: ExternalAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountInput:
    """A bank account, as the user typed it: it goes to the providers and is not kept."""

    owner_name: str
    currency: str
    country: str
    rail: str
    details: Mapping[str, str]
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankWithdrawInput:
    """A wish to withdraw USDC to a bank account of the user's."""

    bank_account_id: UUID
    amount: str
    idempotency_key: str | None = None
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchStrategyInput:
    """A wish to put USDC to work, as the user typed it."""

    strategy_id: str
    amount: str
    idempotency_key: str | None = None
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStrategyInput:
    """A wish to close a position."""

    position_id: UUID
    idempotency_key: str | None = None
    quote_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositInput:
    """A wish to pay in, or to buy `asset` with a payment, as the user typed it; `provider` is one
    that knows the payment method already."""

    amount: str
    currency: str
    payment_method: str
    return_url: str | None
    idempotency_key: str | None = None
    quote_id: UUID | None = None
    asset: str = "USDC"
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPreview:
    """What a stop of a position would bring now, in base units of USDC: `value` is what the protocol
    would give, after the `exit_cost` that it keeps; of that the fees go (`network_cost` at most), and at least `received` is left."""

    principal: int
    value: int
    exit_cost: int
    platform_fee: int
    network_cost: int
    source: str
    at: datetime

    @property
    def received(self) -> int:
        return self.value - self.platform_fee - self.network_cost

    @property
    def profit(self) -> int:
        """Against what was put in, all costs counted; may be negative."""
        return self.received - self.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInMessage:
    """What a wallet is asked to sign."""

    message: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The bearer token of somebody who has proven their address."""

    token: str
    user_id: UserId
    expires_at: datetime
