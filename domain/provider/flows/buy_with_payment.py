"""The provider context picks the on-ramp of a Buy and asks it for the payment."""

from domain.contracts.deposit_events import ExpectedCreditReserved
from domain.contracts.envelope import EventPayload
from domain.provider import on_ramp
from domain.shared.saga import Reaction

REACTIONS: dict[type[EventPayload], Reaction] = {
    **on_ramp.REACTIONS,
    ExpectedCreditReserved: on_ramp.choose,
}
