"""The Transaction: where it stands, as its events add up."""

from collections.abc import Iterable, Sequence

from domain.contracts.envelope import EventPayload
from domain.contracts.events import SendTransactionInitiated
from domain.transaction.flows.send import MILESTONES, RECORDS, Record
from domain.transaction.machine import Position, enter, fire
from domain.transaction.states import RULES, State

NO_RECORD = Record()


def record_of(payload: EventPayload) -> Record:
    """What this event changes; nothing, where it is not about the transaction's state."""
    return RECORDS.get(type(payload), NO_RECORD)


def positions_after(position: Position, payload: EventPayload) -> tuple[Position, ...]:
    """The states passed because of one event, in order; raises `ForbiddenTransition`."""
    passed: list[Position] = []
    for trigger, sub_state in record_of(payload).moves:
        if trigger is not None and RULES[trigger][1] is not position.state:
            position = fire(position, trigger, sub_state=sub_state)
        elif sub_state is not None:
            position = enter(position, sub_state)
        passed.append(position)
    return tuple(passed)


def position_of(payloads: Iterable[EventPayload]) -> Position:
    """Where a transaction stands after these events."""
    position = Position(State.INITIATED)
    for payload in payloads:
        for passed in positions_after(position, payload):
            position = passed
    return position


def state_of(payloads: Sequence[EventPayload]) -> tuple[str | None, str | None]:
    """State and sub-state for an event's envelope; none in a stream that is no transaction."""
    if not payloads or not isinstance(payloads[0], SendTransactionInitiated):
        return None, None
    position = position_of(payloads)
    return position.state.value, position.sub_state


def progress_percent(payloads: Iterable[EventPayload]) -> int:
    """The share of the milestones that have been passed, rounded down."""
    passed = {type(payload) for payload in payloads}
    return 100 * sum(milestone in passed for milestone in MILESTONES) // len(MILESTONES)
