"""What a flow's definition is made of: steps that follow from each other and can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.contracts.envelope import EventPayload
from domain.contracts.orchestration_events import Command


class StepType(StrEnum):
    """The six kinds of steps of the specification."""

    VALIDATION = "VALIDATION"
    RESERVATION = "RESERVATION"
    PROVIDER = "PROVIDER"
    BLOCKCHAIN = "BLOCKCHAIN"
    UPDATE = "UPDATE"
    NOTIFICATION = "NOTIFICATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """What undoes a step that had succeeded: a command, and the event that says that it is done."""

    command: Command
    success: type[EventPayload]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`command` begins it once all its `prerequisites` (names of steps) have succeeded; it has
    succeeded when `success` has happened since. Steps that do not wait for each other overlap."""

    name: str
    kind: StepType
    command: Command
    success: type[EventPayload]
    prerequisites: tuple[str, ...] = ()
    compensation: Compensation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A version of a flow. A running flow keeps its version, so old ones stay here while rows
    refer to them.

    `failures` end the way forward; each says by which code. The one of `compensable` steps that had
    succeeded are undone, the last first; then the flow has failed.
    """

    version: int
    steps: tuple[Step, ...]
    failures: Mapping[type[EventPayload], str]

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)
