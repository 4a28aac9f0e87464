"""What the orchestrator publishes: the commands by which it leads a flow from step to step."""

from dataclasses import dataclass
from enum import StrEnum

from domain.contracts.envelope import EventPayload


class Command(StrEnum):
    """What a context is told to do in an orchestrated flow; it answers with its own events."""

    SCREEN = "SCREEN"
    VALIDATE_ADDRESS = "VALIDATE_ADDRESS"
    RESERVE = "RESERVE"
    SELECT_PROVIDER = "SELECT_PROVIDER"
    CONVERT = "CONVERT"
    TRANSFER = "TRANSFER"
    DEPLOY = "DEPLOY"
    REDEEM = "REDEEM"
    PAY_OUT = "PAY_OUT"
    BOOK = "BOOK"
    COMPLETE = "COMPLETE"
    RELEASE = "RELEASE"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandIssued(EventPayload):
    """A step begins, or is undone; `reason` is the code of what makes the flow fail."""

    step: str
    command: Command
    definition_version: int
    reason: str | None = None


ORCHESTRATION_EVENTS: tuple[type[EventPayload], ...] = (CommandIssued,)
