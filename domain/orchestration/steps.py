"""The steps that every flow that is led has, and what ends each of them."""

from collections.abc import Mapping
from typing import Final

from domain.contracts.envelope import EventPayload, FlowCompleted
from domain.contracts.events import (
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceCleared,
)
from domain.contracts.orchestration_events import Command
from domain.contracts.transfer_events import BlockchainTransferExpired, BlockchainTransferFailed
from domain.orchestration.definition import Compensation, Step, StepType

FAILURES: Final[Mapping[type[EventPayload], str]] = {
    ComplianceBlocked: "CMP_REFUSED",
    BalanceReservationRejected: "TXN_INSUFFICIENT_BALANCE",
    BlockchainTransferFailed: "TXN_CHAIN_REFUSED",
    BlockchainTransferExpired: "TXN_EXPIRED",
}
"""Of what is screened, held, and signed by its user."""

SCREEN: Final = Step(
    name="screen", kind=StepType.VALIDATION, command=Command.SCREEN, success=ComplianceCleared
)


def reserve(success: type[EventPayload], *after: str) -> Step:
    """Holds what it may cost; undone, that is free again."""
    return Step(
        name="reserve",
        kind=StepType.RESERVATION,
        command=Command.RESERVE,
        success=success,
        prerequisites=after,
        compensation=Compensation(command=Command.RELEASE, success=BalanceReservationReleased),
    )


def select(success: type[EventPayload], *after: str) -> Step:
    """Says who carries it out, and why."""
    return Step(
        name="select",
        kind=StepType.PROVIDER,
        command=Command.SELECT_PROVIDER,
        success=success,
        prerequisites=after,
    )


def book(success: type[EventPayload], *after: str) -> Step:
    """Books what came of it."""
    return Step(
        name="book",
        kind=StepType.UPDATE,
        command=Command.BOOK,
        success=success,
        prerequisites=after,
    )


def complete(success: type[FlowCompleted], *after: str) -> Step:
    """Tells that it is done."""
    return Step(
        name="complete",
        kind=StepType.NOTIFICATION,
        command=Command.COMPLETE,
        success=success,
        prerequisites=after,
    )
