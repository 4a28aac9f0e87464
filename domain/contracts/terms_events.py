"""The event types of terms that changed between what a user was shown and what they would sign."""

from dataclasses import dataclass

from domain.contracts.envelope import EventPayload
from domain.contracts.events import NetworkCost


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


TERMS_EVENTS: tuple[type[EventPayload], ...] = (SwapTermsWorsened, NetworkCostRose)
