"""Off-ramps: a user sends USDC to the provider's address, the provider pays out to a bank."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.provider.ports.answers import Provider, ProviderFee, Setback, WebhookReader
from domain.shared.assets import Asset


class PayoutRail(StrEnum):
    """How a bank is paid."""

    ACH = "ACH"
    WIRE = "WIRE"
    SEPA = "SEPA"
    FASTER_PAYMENTS = "FASTER_PAYMENTS"
    PIX = "PIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A user as a provider may know them: `reference` is ours, and another one at each provider."""

    reference: str
    full_name: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerKnown:
    """`id` is what the provider calls the customer, in every call about them."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountDetails:
    """As the user gave them; they go to the provider and are never stored here."""

    owner_name: str
    currency: str
    country: str
    rail: PayoutRail
    account: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountRegistered:
    """`token` stands for the account at this provider; `label` may be shown (last four digits)."""

    token: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRampQuoteRequest:
    """`asset_amount` (base units) is what the user sends, fees included."""

    asset: Asset
    asset_amount: int
    fiat_currency: str
    rail: PayoutRail
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRampQuote:
    """`fiat_amount` (cents) is what shall reach the bank. `reference`: the provider's own quote."""

    request: OffRampQuoteRequest
    fiat_amount: int
    fees: tuple[ProviderFee, ...]
    expires_at: datetime
    reference: str | None = None
    estimated_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalOrder:
    """`from_address` sends, and gets back what is returned. `customer` and `bank_account` are the
    provider's tokens; `developer_fee` (cents) is the platform's, kept by the provider for us."""

    key: str
    quote: OffRampQuote
    customer: str
    bank_account: str
    from_address: str
    developer_fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalOpened:
    """`asset_amount` (base units) is to be sent to `deposit_address` until `expires_at`."""

    reference: str
    deposit_address: str
    asset_amount: int
    deposit_memo: str | None = None
    expires_at: datetime | None = None


class WithdrawalState(StrEnum):
    """Where a payout stands. UNRECOGNISED: as with payments."""

    AWAITING_FUNDS = "AWAITING_FUNDS"
    IN_REVIEW = "IN_REVIEW"
    FUNDS_RECEIVED = "FUNDS_RECEIVED"
    FIAT_SUBMITTED = "FIAT_SUBMITTED"
    FIAT_PAID = "FIAT_PAID"
    UNDELIVERABLE = "UNDELIVERABLE"
    RETURNED = "RETURNED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    UNRECOGNISED = "UNRECOGNISED"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalStatus:
    """As the provider tells it now; what it does not tell is None."""

    reference: str
    state: WithdrawalState
    provider_status: str
    asset_amount: int | None = None
    fiat_amount: int | None = None
    fiat_currency: str | None = None
    deposit_transaction_hash: str | None = None
    refund_transaction_hash: str | None = None
    failure: str | None = None
    updated_at: datetime | None = None


class OffRampProvider(Provider, WebhookReader, Protocol):
    """Every call may answer a setback; none raises for what a provider does."""

    async def ensure_customer(self, customer: NewCustomer) -> CustomerKnown | Setback:
        """The customer of that reference, made where there is none: one, however often it is
        asked for before the answer is known here."""
        ...

    async def register_bank_account(
        self, customer: str, details: BankAccountDetails, *, key: str
    ) -> BankAccountRegistered | Setback: ...

    async def quote(self, request: OffRampQuoteRequest) -> OffRampQuote | Setback: ...

    async def initiate_crypto_to_fiat(
        self, order: WithdrawalOrder
    ) -> WithdrawalOpened | Setback: ...

    async def find_withdrawal(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback | None:
        """What became of an initiation that was not answered; None where there is none."""
        ...

    async def check_withdrawal_status(self, reference: str) -> WithdrawalStatus | Setback: ...

    async def cancel_withdrawal(self, reference: str, *, key: str) -> WithdrawalStatus | Setback:
        """Possible while it awaits funds; the state says what came of it."""
        ...
