"""The event types of a Deposit: a user pays a provider with fiat and gets USDC from it.

Fiat amounts are in hundredths of their currency, asset amounts in base units.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.contracts.envelope import EventPayload, FlowCompleted, FlowFailed
from domain.contracts.flows import FlowName
from domain.shared.ids import EffectId, HoldId, TransactionId
from domain.shared.money import TransactionFee


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOffer:
    """What a provider quoted for the payment, and how it scored (millionths, more is better)."""

    provider: str
    asset_amount: int
    fees: tuple[TransactionFee, ...]
    expires_at: datetime
    estimated_seconds: int | None
    score: int
    asset: str = "USDC"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedOffer:
    """A provider that is out, and why."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTransactionInitiated(EventPayload):
    """A user wants to pay `fiat_amount` in, all fees included, worth `usd_value` (millionths of a US
    dollar); `offers` are the best first. With any of `methods` somebody takes such a payment."""

    KIND = "TransactionInitiated"
    transaction_id: TransactionId
    username: str
    address: str
    asset: str
    fiat_amount: int
    fiat_currency: str
    usd_value: int
    payment_method: str
    country: str
    platform_fee: int
    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    return_url: str
    methods: tuple[str, ...] = ()

    def flow(self) -> FlowName:
        return FlowName.DEPOSIT


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodValidationRequested(EventPayload):
    """Whether this user may pay this way is to be found out."""

    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCreditReserved(EventPayload):
    """The amount is expected: it shows as pending and cannot be spent."""

    KIND = "BalanceReserved"
    hold_id: HoldId
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodValidated(EventPayload):
    """At least one provider takes the payment method."""

    KIND = "PaymentMethodAuthorized"
    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampProviderSelected(EventPayload):
    """The provider of this attempt, and why it and no other."""

    KIND = "ProviderSelected"
    OPENS_ATTEMPT = True
    provider: str
    explanation: str
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentRequested(EventPayload):
    """The provider is to open the payment."""

    KIND = "OnRampPaymentRequested"
    provider: str
    effect_id: EffectId
    fiat_amount: int
    fiat_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAttemptFailed(EventPayload):
    """A provider cannot do it, and has certainly done nothing; the next is asked."""

    provider: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentDeclined(ProviderAttemptFailed):
    """A payment that was open has come to nothing, for certain: nothing was paid, and the user is
    asked how to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentUnopened(FiatPaymentDeclined):
    """Nobody would open the payment, the last of them for that reason: nothing was paid, and the user
    is asked how to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTimeExtended(EventPayload):
    """The user may pay until then."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodUpdateRequested(EventPayload):
    """The user wants to pay with this method, or anew with the same; `offers` for it are the best
    first."""

    payment_method: str
    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodUpdated(EventPayload):
    """The payment goes on with this method, of whose limits it takes."""

    KIND = "PaymentMethodAuthorized"
    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodUpdateRefused(EventPayload):
    """Limits stop that method; `code` is in the catalogue."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentBegun(EventPayload):
    """The user has begun to pay: from now on nobody but the provider can say that nothing was paid."""

    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentTryFailed(EventPayload):
    """What the user has begun came to nothing, by the provider's word; they may try again at the same
    page."""

    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentConfirmed(EventPayload):
    """The provider has the user's money."""

    KIND = "ProviderResponseReceived"
    provider: str
    reference: str
    fiat_amount: int
    fiat_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRequested(EventPayload):
    """The provider is to turn the money into the asset, as it does by itself."""

    provider: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySeen(EventPayload):
    """The provider sent something to the user's own address; amount, place and senders as the
    chain shows them."""

    provider: str
    reference: str
    asset: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str
    senders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseCompleted(DeliverySeen):
    """What was bought was delivered."""

    KIND = "ProviderResponseReceived"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAssetDelivered(DeliverySeen):
    """The provider delivered something else than was bought, to the user's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySuspended(EventPayload):
    """What was delivered and not bought is in suspense until a person has decided."""

    KIND = "BalanceUpdated"
    asset: str
    amount: int
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryBookedBefore(EventPayload):
    """What was delivered and not bought was found, and booked, as money that came in by itself."""

    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class USDCConversionRequested(PurchaseRequested):
    """A Deposit's money is to become USDC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class USDCConversionCompleted(PurchaseCompleted):
    """A Deposit's USDC was delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableBalanceUpdateRequested(EventPayload):
    """What was delivered is to be credited."""

    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableBalanceUpdated(EventPayload):
    """`credited` may be spent; `fee_due` is owed to the platform out of what arrived.

    `difference` is how much more arrived than was expected, negative for less.
    """

    KIND = "BalanceUpdated"
    asset: str
    credited: int
    fee_due: int
    difference: int
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentFailed(EventPayload):
    """The payment will not be made, or was given back: the provider's own word.

    `refunded` (hundredths) had been paid and went back to the user.
    """

    provider: str
    code: str
    reason: str
    fiat_currency: str
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FiatPaymentRefunded(EventPayload):
    """The provider has given the user's money back."""

    provider: str
    fiat_amount: int
    fiat_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTransactionCompleted(FlowCompleted):
    """The Deposit is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTransactionFailed(FlowFailed):
    """The Deposit ended without a credit; `reason` is a code of the catalogue."""


DEPOSIT_EVENTS: tuple[type[EventPayload], ...] = (
    DepositTransactionInitiated,
    PaymentMethodValidationRequested,
    ExpectedCreditReserved,
    PaymentMethodValidated,
    OnRampProviderSelected,
    FiatPaymentRequested,
    ProviderAttemptFailed,
    FiatPaymentDeclined,
    FiatPaymentUnopened,
    PaymentTimeExtended,
    PaymentMethodUpdateRequested,
    PaymentMethodUpdated,
    PaymentMethodUpdateRefused,
    FiatPaymentBegun,
    FiatPaymentTryFailed,
    FiatPaymentConfirmed,
    USDCConversionRequested,
    USDCConversionCompleted,
    WrongAssetDelivered,
    DeliverySuspended,
    DeliveryBookedBefore,
    AvailableBalanceUpdateRequested,
    AvailableBalanceUpdated,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    DepositTransactionCompleted,
    DepositTransactionFailed,
)
