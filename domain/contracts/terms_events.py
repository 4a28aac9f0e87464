"""The event types of terms that changed between what a user was shown and what they would sign."""

from dataclasses import dataclass

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.envelope import EventPayload
from domain.contracts.events import NetworkCost
from domain.shared.ids import EffectId


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapTermsWorsened(EventPayload):
    """The provider no longer keeps what was promised: it would bring `target_amount`, and promise
    `target_minimum` where `promised` was shown (base units of the target)."""

    KIND = "ProviderResponseReceived"
    provider: str
    target: str
    promised: int
    target_amount: int
    target_minimum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCostRose(EventPayload):
    """The network asks more than the user was `shown`, and more than is borne for them."""

    shown: NetworkCost
    asked: NetworkCost


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequoteRequested(EventPayload):
    """Every offer for the payment has expired: providers are asked anew."""

    effect_id: EffectId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequoted(EventPayload):
    """What providers offer for the payment now, the best first."""

    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTermsWorsened(EventPayload):
    """The best that is `offered` now is less than what was `expected` of it (base units)."""

    KIND = "ProviderResponseReceived"
    provider: str
    asset: str
    expected: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionTermsWorsened(EventPayload):
    """The protocol would give only `offered` for the position that was shown to give `promised` (USDC
    base units, after what leaving costs)."""

    KIND = "ProviderResponseReceived"
    provider: str
    promised: int
    offered: int


TERMS_EVENTS: tuple[type[EventPayload], ...] = (
    SwapTermsWorsened,
    NetworkCostRose,
    PaymentRequoteRequested,
    PaymentRequoted,
    PaymentTermsWorsened,
    PositionTermsWorsened,
)
