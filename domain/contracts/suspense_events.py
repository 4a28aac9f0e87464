"""The event types of what a person decides where something does not fit: in any stream."""

from dataclasses import dataclass
from uuid import UUID

from domain.contracts.envelope import EventPayload
from domain.shared.ids import EffectId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReturnClaimed(EventPayload):
    """A person says that what is in suspense went back to whoever sent it, by that transaction: it is
    looked up on the chain."""

    effect_id: EffectId
    asset: str
    amount: int
    transaction_hash: str
    resolved_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReturned(EventPayload):
    """The chain shows, finally, that what was in suspense went back to whoever sent it."""

    KIND = "BalanceUpdated"
    asset: str
    amount: int
    transaction_hash: str
    journal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReturnRefuted(EventPayload):
    """The chain does not show it: what is in suspense stays there."""

    transaction_hash: str
    why: str


SUSPENSE_EVENTS: tuple[type[EventPayload], ...] = (
    SuspenseReleased,
    EndedByPerson,
    SuspenseReturnClaimed,
    SuspenseReturned,
    SuspenseReturnRefuted,
)
