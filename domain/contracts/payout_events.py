"""The event types of a Withdraw to a bank: USDC goes to a provider, which pays out fiat.

Fiat amounts are in hundredths of their currency, asset amounts in base units.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts.deposit_events import RejectedOffer
from domain.contracts.envelope import EventPayload
from domain.contracts.events import NetworkCost
from domain.shared.ids import EffectId
from domain.shared.money import TransactionFee


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOffer:
    """What a provider quoted, with its tokens of the user and their bank account, and how it
    scored (millionths, more is better). `reference` is the provider's own quote."""

    provider: str
    fiat_amount: int
    fiat_currency: str
    fees: tuple[TransactionFee, ...]
    expires_at: datetime
    estimated_seconds: int | None
    score: int
    customer: str
    bank_account: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRampProviderSelected(EventPayload):
    """The provider of this attempt, and why it and no other."""

    KIND = "ProviderSelected"
    OPENS_ATTEMPT = True
    provider: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class USDCToFiatConversionRequested(EventPayload):
    """The provider is to take `amount` of USDC and turn it into fiat."""

    KIND = "OffRampWithdrawalRequested"
    provider: str
    effect_id: EffectId
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOpened(EventPayload):
    """The provider waits for `amount` of USDC at its `deposit_address`, until `expires_at`; without
    the `memo` it cannot tell whose it is. None: it names no such thing."""

    KIND = "ProviderResponseReceived"
    provider: str
    reference: str
    deposit_address: str
    amount: int
    memo: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class USDCToFiatConversionCompleted(EventPayload):
    """The provider has the USDC and converts it."""

    KIND = "ProviderResponseReceived"
    provider: str
    reference: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatTransferRequested(EventPayload):
    """The provider is to pay the bank, as it does by itself."""

    KIND = "OffRampWithdrawalRequested"
    provider: str
    reference: str
    fiat_amount: int
    fiat_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatTransferConfirmed(EventPayload):
    """The provider has paid the bank."""

    KIND = "ProviderResponseReceived"
    provider: str
    reference: str
    amount: int
    fiat_amount: int
    fiat_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutReturned(EventPayload):
    """The provider could not pay, and gave the USDC back: seen on the chain.

    `is_credited`: by a transaction that the provider does not name, so that it is booked like any
    money that nobody announced.
    """

    provider: str
    code: str
    reason: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str
    is_credited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRequoteRequested(EventPayload):
    """What was offered cannot be had any more: providers are asked anew for `amount` (USDC base
    units), what is left where the network costs so much."""

    effect_id: EffectId
    amount: int
    network_cost: NetworkCost


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRequoted(EventPayload):
    """What providers offer for the payout now, the best first."""

    offers: tuple[PayoutOffer, ...]
    rejected: tuple[RejectedOffer, ...]


PAYOUT_EVENTS: tuple[type[EventPayload], ...] = (
    OffRampProviderSelected,
    USDCToFiatConversionRequested,
    PayoutOpened,
    USDCToFiatConversionCompleted,
    FiatTransferRequested,
    FiatTransferConfirmed,
    PayoutReturned,
    PayoutRequoteRequested,
    PayoutRequoted,
)
