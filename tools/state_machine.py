"""`docs/state-machine.md`: states and triggers, as the machine itself tells them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from domain.transaction.machine import build_machine
from domain.transaction.states import TERMINAL_STATES, State

_INTRODUCTION: Final = """\
# The states of a transaction

Drawn from the machine in `domain/transaction/machine.py`; `python -m tools.generated --write`
draws it again. Every transaction, whatever its flow, is in one of these states. Those that take
long have sub-states, which a flow enters in its own order and which decide nothing: a trigger
leads from a state whatever its sub-state. What is not listed here is forbidden: it raises
`ForbiddenTransition` and changes nothing.
"""


def page() -> str:
    """The whole file."""
    machine = build_machine()
    parts = (_INTRODUCTION, _diagram(machine), "## Triggers\n", _table(machine), _endings())
    return "\n".join(parts)


def _diagram(machine: Any) -> str:  # noqa: ANN401  the library is untyped
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.initial}"]
    for state in machine.states.values():
        lines += _nested(state)
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for trigger, source, destination in _transitions(machine):
        labels[source, destination].append(trigger)
    lines += [
        f"    {source} --> {destination}: {', '.join(triggers)}"
        for (source, destination), triggers in labels.items()
    ]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL_STATES]
    return "\n".join([*lines, "```\n"])


def _nested(state: Any) -> list[str]:  # noqa: ANN401  the library is untyped
    if not state.states:
        return [f"    {state.name}"]
    children = [f"        {child}" for child in state.states]
    return [f"    state {state.name} {{", *children, "    }"]


def _table(machine: Any) -> str:  # noqa: ANN401  the library is untyped
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for trigger, source, destination in _transitions(machine):
        sources[trigger, destination].append(source)
    rows = ["| trigger | leads from | to |", "|---|---|---|"]
    rows += [
        f"| `{trigger}` | {', '.join(f'`{source}`' for source in found)} | `{destination}` |"
        for (trigger, destination), found in sources.items()
    ]
    return "\n".join(rows) + "\n"


def _transitions(machine: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401  as above
    """(trigger, source, destination), in the order in which they were declared."""
    for trigger, event in machine.events.items():
        for transitions in event.transitions.values():
            for transition in transitions:
                yield trigger, str(transition.source), str(transition.dest)


def _endings() -> str:
    final = " and ".join(f"`{state}`" for state in State if state in TERMINAL_STATES)
    return (
        f"{final} end a transaction. Only an operator leaves an end again: by `reopen`, which is\n"
        "recorded. `tests/unit/domain/test_machine.py` asks every trigger in every state.\n"
    )
