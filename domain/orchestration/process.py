"""Where a flow's process stands: nothing but what its own events say, so it survives anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.transfer_events import TransferExpired
from domain.orchestration.definition import Definition, Step


@dataclass(frozen=True, slots=True)
class Process:
    """One flow's process after some of its events."""

    definition: Definition
    events: Sequence[Event]

    @property
    def failure(self) -> str | None:
        """The code of what ended the way forward; None: it goes on."""
        for event in self.events:
            code = self._failure_of(event.data)
            if code is not None:
                return code
        return None

    @property
    def ready(self) -> list[Step]:
        """Steps that can begin now."""
        return [
            step
            for step in self.definition.steps
            if not self._issued(step.command)
            and all(self.succeeded(self.definition.step(name)) for name in step.prerequisites)
        ]

    @property
    def to_undo(self) -> list[Step]:
        """Steps that succeeded and are not undone yet, the last first."""
        return [
            step
            for step in reversed(self.definition.steps)
            if step.compensation is not None
            and self.succeeded(step)
            and not self._has(step.compensation.success)
        ]

    @property
    def is_ending(self) -> bool:
        """Whether its end has been asked for, well or not."""
        return self._issued(Command.FAIL)

    def succeeded(self, step: Step) -> bool:
        """Whether the step began and its success has happened."""
        return self._issued(step.command) and self._has(step.success)

    def is_undoing(self, step: Step) -> bool:
        """Whether the step's compensation has been commanded."""
        return step.compensation is not None and self._issued(step.compensation.command)

    def _failure_of(self, payload: EventPayload) -> str | None:
        # A message that expired is built anew until its last time.
        if isinstance(payload, TransferExpired) and not payload.final:
            return None
        default = self.definition.failures.get(type(payload))
        return None if default is None else str(getattr(payload, "code", default))

    def _issued(self, command: Command) -> bool:
        return any(
            isinstance(event.data, CommandIssued) and event.data.command is command
            for event in self.events
        )

    def _has(self, payload: type[EventPayload]) -> bool:
        return any(isinstance(event.data, payload) for event in self.events)
