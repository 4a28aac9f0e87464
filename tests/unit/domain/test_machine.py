"""Every state and trigger of the machine, against the table of the decisions page."""

import pytest

from domain.shared.errors import ForbiddenTransition
from domain.transaction.machine import Position, build_machine, enter, fire, triggers_from
from domain.transaction.states import RULES, SUB_STATES, TERMINAL_STATES, State, Trigger

FOLLOWERS = {
    "INITIATED": {"BALANCE_RESERVED", "FAILED"},
    "BALANCE_RESERVED": {"PROVIDER_SELECTED", "COMPENSATING"},
    "PROVIDER_SELECTED": {"PROVIDER_PROCESSING", "PROVIDER_FAILOVER", "COMPENSATING"},
    "PROVIDER_PROCESSING": {
        "BLOCKCHAIN_PENDING",
        "BALANCE_UPDATED",
        "PROVIDER_FAILOVER",
        "COMPENSATING",
    },
    "PROVIDER_FAILOVER": {"PROVIDER_SELECTED", "COMPENSATING"},
    "BLOCKCHAIN_PENDING": {
        "BLOCKCHAIN_CONFIRMED",
        "PROVIDER_PROCESSING",
        "FAILED",
        "COMPENSATING",
    },
    "BLOCKCHAIN_CONFIRMED": {
        "BALANCE_UPDATED",
        "PROVIDER_PROCESSING",
        "BLOCKCHAIN_PENDING",
        "COMPENSATING",
    },
    "BALANCE_UPDATED": {"COMPLETED"},
    "COMPENSATING": {"FAILED", "COMPLETED"},
    "FAILED": {"COMPENSATING"},
    "COMPLETED": set(),
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_trigger_leads_where_the_table_says_or_raises(state: State, trigger: Trigger) -> None:
    position = Position(state)
    destination = RULES[trigger][1]
    if trigger in triggers_from(state):
        assert fire(position, trigger).state is destination
        assert destination.value in FOLLOWERS[state.value]
    else:
        with pytest.raises(ForbiddenTransition):
            fire(position, trigger)
    assert position == Position(state)


@pytest.mark.parametrize("state", list(State))
def test_no_follower_of_the_table_is_missing(state: State) -> None:
    reached = {RULES[trigger][1].value for trigger in triggers_from(state)}
    assert reached == FOLLOWERS[state.value]


def test_the_specification_has_22_sub_states_here_and_one_at_the_position() -> None:
    assert sum(len(names) for names in SUB_STATES.values()) == 22


@pytest.mark.parametrize("state", list(State))
def test_a_sub_state_belongs_to_one_parent(state: State) -> None:
    for parent, names in SUB_STATES.items():
        for name in names:
            if parent is state:
                assert enter(Position(state), name) == Position(state, name)
            else:
                with pytest.raises(ForbiddenTransition):
                    enter(Position(state), name)


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_sub_state_is_no_obstacle_to_its_parents_transitions(trigger: Trigger) -> None:
    position = Position(State.PROVIDER_PROCESSING, "TRANSACTION_SIGNING")
    if trigger in triggers_from(State.PROVIDER_PROCESSING):
        assert fire(position, trigger) == Position(RULES[trigger][1])
    else:
        with pytest.raises(ForbiddenTransition):
            fire(position, trigger)


def test_terminal_states_are_left_by_an_operators_reopening_alone() -> None:
    left_by = {trigger for state in TERMINAL_STATES for trigger in triggers_from(state)}
    assert left_by == {Trigger.REOPEN}


def test_the_machine_of_the_library_knows_every_nested_state() -> None:
    names = set(build_machine().get_nested_state_names())
    assert names == {state.value for state in State} | {
        f"{parent}.{name}" for parent, children in SUB_STATES.items() for name in children
    }
