"""On-ramps: a user pays with fiat, the provider delivers an asset to the user's own address."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.provider.ports.answers import Provider, ProviderFee, Setback, WebhookReader
from domain.shared.assets import Asset


class PaymentMethod(StrEnum):
    """How a user pays."""

    CARD = "CARD"
    APPLE_PAY = "APPLE_PAY"
    GOOGLE_PAY = "GOOGLE_PAY"
    BANK = "BANK"
    PAYPAL = "PAYPAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampQuoteRequest:
    """`fiat_amount` (cents) is all that the user pays, fees included. Country: ISO 3166 alpha-2."""

    fiat_amount: int
    fiat_currency: str
    asset: Asset
    payment_method: PaymentMethod
    country: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampQuote:
    """`asset_amount` (base units) is what shall arrive."""

    request: OnRampQuoteRequest
    asset_amount: int
    fees: tuple[ProviderFee, ...]
    expires_at: datetime
    estimated_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """`key` is stable for the attempt; `user_reference` tells the provider who pays, without a name.

    `developer_fee` (cents) is the platform's, kept by the provider for us out of the amount.
    """

    key: str
    quote: OnRampQuote
    user_reference: str
    return_url: str
    developer_fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOpened:
    """The user goes on at `redirect_url`, until `expires_at`."""

    reference: str
    redirect_url: str
    expires_at: datetime | None


class PaymentState(StrEnum):
    """Where a payment stands, whatever the provider calls it.

    UNRECOGNISED: it says something that we do not know; treated as under way, and reported.
    """

    AWAITING_USER = "AWAITING_USER"
    PROCESSING = "PROCESSING"
    PAID = "PAID"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"
    UNRECOGNISED = "UNRECOGNISED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """As the provider tells it now; what it does not tell is None.

    `asset_amount` and `transaction_hash` are the delivery's: claims to be looked up on the chain.
    `may_be_retried`: it has FAILED, and the user may try again at the same page while that is open.
    """

    reference: str
    state: PaymentState
    provider_status: str
    fiat_amount: int | None = None
    fiat_currency: str | None = None
    asset: str | None = None
    asset_amount: int | None = None
    address: str | None = None
    transaction_hash: str | None = None
    failure: str | None = None
    updated_at: datetime | None = None
    may_be_retried: bool = False


class OnRampProvider(Provider, WebhookReader, Protocol):
    """Every call may answer a setback; none raises for what a provider does."""

    async def quote(self, request: OnRampQuoteRequest) -> OnRampQuote | Setback: ...

    async def initiate_fiat_to_crypto(self, order: PaymentOrder) -> PaymentOpened | Setback: ...

    async def find_payment(self, order: PaymentOrder) -> PaymentOpened | Setback | None:
        """What became of an initiation that was not answered; None where there is none."""
        ...

    async def check_payment_status(self, reference: str) -> PaymentStatus | Setback: ...

    async def cancel_payment(self, reference: str, *, key: str) -> PaymentStatus | Setback:
        """Ends it before the user has paid, refunds it where that is this provider's way; the
        state says what came of it."""
        ...
