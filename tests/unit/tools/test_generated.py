import re
from pathlib import Path

import pytest

from domain.transaction.machine import ALLOWED
from domain.transaction.states import SUB_STATES, State, Trigger
from tools import generated, state_machine


@pytest.mark.parametrize("path", ["docs/asyncapi.json", "docs/state-machine.md"])
def test_a_generated_file_is_current(path: str) -> None:
    assert not generated.stale(path), "run: make generated"


def test_what_is_not_current_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    assert generated.stale("docs/state-machine.md")
    generated.write("docs/state-machine.md")
    assert not generated.stale("docs/state-machine.md")


def test_the_diagram_has_every_state_and_sub_state() -> None:
    names = set(re.findall(r"^ +(?:state )?([A-Z_]+)(?: \{)?$", state_machine.page(), re.MULTILINE))
    assert names == {*State, *(child for children in SUB_STATES.values() for child in children)}


def test_the_diagram_has_exactly_the_allowed_transitions() -> None:
    arrows = re.findall(r"^ +([A-Z_]+) --> ([A-Z_]+): (.+)$", state_machine.page(), re.MULTILINE)
    drawn = {
        (State(source), Trigger(trigger)): State(destination)
        for source, destination, triggers in arrows
        for trigger in triggers.split(", ")
    }
    assert drawn == ALLOWED
