"""How a flow ends, whatever it is called: told by who leads it, or by what became of its hold."""

from collections.abc import Callable

from domain.contracts.envelope import Event, EventPayload, FlowCompleted, FlowFailed
from domain.contracts.events import (
    BalanceHeldForReview,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
)
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.shared.ids import TransactionId
from domain.shared.stream import Stream
from domain.transaction.flow import Columns

Answers = Callable[[Stream, Event], tuple[EventPayload, ...]]


def ended_columns(event: Event) -> Columns:
    """What the last event fills in the row beside the state; nothing, where it is another one."""
    ended: Columns = {"completed_at": event.occurred_at, "estimated_completion": None}
    match event.data:
        case FlowFailed(reason=reason):
            return {**ended, "reason": reason, "cancellable": False}
        case FlowCompleted():
            return ended
        case _:
            return {}


def led(completed: type[FlowCompleted], failed: type[FlowFailed]) -> Answers:
    """The orchestrator says when it ends, the transaction by which event."""

    def answers(stream: Stream, event: Event) -> tuple[EventPayload, ...]:
        transaction_id = TransactionId(stream.id)
        match event.data:
            case CommandIssued(command=Command.COMPLETE):
                return (completed(transaction_id=transaction_id),)
            case CommandIssued(command=Command.FAIL, reason=reason):
                return (failed(transaction_id=transaction_id, reason=reason or "TXN_REFUSED"),)
            case _:
                return ()

    return answers


def stopped(stream: Stream, event: Event, failed: type[FlowFailed]) -> tuple[EventPayload, ...]:
    """Nobody leads it: it fails when what was held or expected is free again, or never was held."""
    transaction_id = TransactionId(stream.id)
    match event.data:
        case BalanceReservationReleased(reason=reason):
            return (failed(transaction_id=transaction_id, reason=reason),)
        # What is held softly is free again first.
        case ComplianceBlocked() if stream.has(BalanceHeldForReview):
            return ()
        case ComplianceBlocked(code=code) | BalanceReservationRejected(code=code):
            return (failed(transaction_id=transaction_id, reason=code),)
        case _:
            return ()
