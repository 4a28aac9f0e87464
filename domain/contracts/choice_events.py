"""The event types of a choice that only the user can make: asked for, made, left unmade."""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts.envelope import EventPayload
from domain.shared.ids import ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceOption:
    """One of the answers: `name` is what is handed in, `summary` what it does, in plain words."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChoiceRequired(EventPayload):
    """Only the user can say how to go on, by the name of one of `options`, until `expires_at`."""

    KIND = "UserActionRequired"
    action_id: ActionId
    action: str
    summary: str
    options: tuple[ChoiceOption, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChoiceMade(EventPayload):
    """The user chose the option of that name."""

    KIND = "UserActionCompleted"
    action_id: ActionId
    action: str
    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChoiceExpired(EventPayload):
    """The user did not choose in time."""

    KIND = "UserActionExpired"
    action_id: ActionId
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChoiceWithdrawn(EventPayload):
    """The choice is no longer asked for."""

    KIND = "UserActionCancelled"
    action_id: ActionId
    action: str


CHOICE_EVENTS: tuple[type[EventPayload], ...] = (
    UserChoiceRequired,
    UserChoiceMade,
    UserChoiceExpired,
    UserChoiceWithdrawn,
)
