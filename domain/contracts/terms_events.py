"""The event types of terms that changed between what a user was shown and what they would sign."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas
from domain.shared.ids import EffectId, HoldId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GasReservationRequested(EventPayload):
    """The user agreed to pay the network more: so much more of its own asset is to be held before
    anything is built."""

    gas: Gas


@dataclass(frozen=True, slots=True, kw_only=True)
class GasReservationRaised(EventPayload):
    """So much more is held for the network."""

    KIND = "BalanceReserved"
    hold_id: HoldId
    gas: Gas


@dataclass(frozen=True, slots=True, kw_only=True)
class GasReservationRejected(EventPayload):
    """The balance does not cover what the network asks more; `code` is of the catalogue."""

    code: str


def gas_raised(events: Iterable[Event]) -> int:
    """What these have added to what is held for the network, in its own asset."""
    raised = (each.data for each in events)
    return sum(each.gas.amount for each in raised if isinstance(each, GasReservationRaised))


TERMS_EVENTS: tuple[type[EventPayload], ...] = (
    SwapTermsWorsened,
    NetworkCostRose,
    PaymentRequoteRequested,
    PaymentRequoted,
    PaymentTermsWorsened,
    PositionTermsWorsened,
    GasReservationRequested,
    GasReservationRaised,
    GasReservationRejected,
)
