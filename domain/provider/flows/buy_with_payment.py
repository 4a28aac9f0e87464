"""The provider context picks the on-ramp of a Buy and asks it for the payment."""

from domain.contracts.deposit_events import ExpectedCreditReserved, ProviderAttemptFailed
from domain.contracts.envelope import EventPayload
from domain.provider.on_ramp import choose
from domain.shared.saga import Reaction

REACTIONS: dict[type[EventPayload], Reaction] = {
    ExpectedCreditReserved: choose,
    ProviderAttemptFailed: choose,
}
