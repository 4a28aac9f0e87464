"""What the transaction context knows of a flow: how its events are recorded, and which of them it
answers itself. A record, not a definition: what happens next is decided by the contexts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.contracts.envelope import Event, EventPayload
from domain.shared.stream import Stream
from domain.transaction.states import Trigger

Move = tuple[Trigger | None, str | None]
"""A trigger and the sub-state to enter. Without a trigger, or where it leads to the present state,
only the sub-state changes (a message that expired unsigned is built again).
"""

Columns = dict[str, object]
"""Columns of the transaction's row by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one event changes in the transaction's row.

    `step`: (name, type, whether the step begins, ends or fails with the event).
    """

    moves: tuple[Move, ...] = ()
    waiting_on: str | None = None
    funds_location: str | None = None
    outcome_certainty: str | None = None
    steps: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`milestones` are what it passes on its way: how far it is, is how many of them have happened.

    `columns` are what an event fills in the row beside the state; `answers` what the transaction
    publishes upon an event.
    """

    records: Mapping[type[EventPayload], Record]
    milestones: tuple[type[EventPayload], ...]
    columns: Callable[[Stream, Event], Columns]
    answers: Callable[[Stream, Event], tuple[EventPayload, ...]]
