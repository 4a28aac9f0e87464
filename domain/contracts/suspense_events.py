"""The event types of what a person decides where something does not fit: in any stream."""

from dataclasses import dataclass
from uuid import UUID

from domain.contracts.envelope import EventPayload


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReleased(EventPayload):
    """What was in suspense is the user's, by a person's decision: `amount` of `asset` in base units."""

    KIND = "BalanceUpdated"
    asset: str
    amount: int
    journal_id: UUID
    resolved_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedByPerson(EventPayload):
    """A person has looked at what does not fit, and ended it."""

    resolved_by: str
    reason: str


SUSPENSE_EVENTS: tuple[type[EventPayload], ...] = (SuspenseReleased, EndedByPerson)
