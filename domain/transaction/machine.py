"""The state machine, on `transitions`: one shared machine, no model bound, no side effects.

A hierarchical transition costs about 0.1 ms, so the machine is asked once, at import, what it
allows; deciding is then a look-up in what it answered.
"""

from dataclasses import dataclass

from transitions.extensions import HierarchicalMachine

from domain.shared.errors import ForbiddenTransition
from domain.transaction.states import RULES, SUB_STATES, State, Trigger


@dataclass(frozen=True, slots=True)
class Position:
    """A state and, where it has them, one of its sub-states."""

    state: State
    sub_state: str | None = None

    def __str__(self) -> str:
        return f"{self.state}.{self.sub_state}" if self.sub_state else str(self.state)


class _NestedMachine(HierarchicalMachine):
    """States are joined by a point: their own names have the library's underscore."""


_NestedMachine.state_cls.separator = "."


def build_machine() -> HierarchicalMachine:
    """A machine of its own with every state, sub-state and rule; for diagrams and tests."""
    return _NestedMachine(
        model=None,
        states=[
            {"name": state.value, "children": list(SUB_STATES[state])}
            if state in SUB_STATES
            else state.value
            for state in State
        ],
        transitions=[
            {"trigger": trigger.value, "source": source.value, "dest": destination.value}
            for trigger, (sources, destination) in RULES.items()
            for source in sources
        ],
        initial=State.INITIATED.value,
        auto_transitions=False,
        send_event=False,
    )


def _allowed() -> dict[tuple[State, Trigger], State]:
    machine = build_machine()
    return {
        (State(str(transition.source)), Trigger(name)): State(str(transition.dest))
        for name, event in machine.events.items()
        for transitions in event.transitions.values()
        for transition in transitions
    }


ALLOWED = _allowed()


def fire(position: Position, trigger: Trigger, *, sub_state: str | None = None) -> Position:
    """Where `trigger` leads from `position`, entering `sub_state` of the new state.

    Raises `ForbiddenTransition` where the rules do not lead there; `position` is never changed.
    """
    destination = ALLOWED.get((position.state, trigger))
    if destination is None:
        raise ForbiddenTransition(state=str(position), trigger=trigger.value)
    return enter(Position(destination), sub_state) if sub_state else Position(destination)


def enter(position: Position, sub_state: str) -> Position:
    """Moves to a sub-state of the present state; raises `ForbiddenTransition` if it is none."""
    if sub_state not in SUB_STATES.get(position.state, ()):
        raise ForbiddenTransition(state=str(position), trigger=sub_state)
    return Position(position.state, sub_state)


def triggers_from(state: State) -> frozenset[Trigger]:
    """What may be asked in this state."""
    return frozenset(trigger for source, trigger in ALLOWED if source is state)
