"""The transaction records what all contexts publish, and says when a flow has ended."""

from datetime import timedelta

from domain.contracts.envelope import Event, EventPayload
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reactions
from domain.shared.stream import Stream
from domain.shared.unit import HistoryRow, JsonObject, StepRow, StepStatus, TransactionMoved
from domain.transaction.flow import Record
from domain.transaction.machine import Position
from domain.transaction.model import (
    FLOWS,
    flow_of,
    position_of,
    positions_after,
    progress_percent,
    record_of,
)
from domain.transaction.states import State


def record_and_go_on(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Records the event; publishes what the flow has the transaction answer."""
    answers = Decision(events=flow_of(stream).answers(stream, event))
    return _recorded(stream, event, facts) + answers


def _recorded(stream: Stream, event: Event, facts: Facts) -> Decision:
    payloads = [earlier.data for earlier in stream.events[: event.sequence]]
    before = position_of(payloads[:-1])
    record = record_of(flow_of(stream), event.data)
    passed = positions_after(before, record)
    opens = event.sequence == 1
    shown = (Position(State.INITIATED),) if opens else passed
    after = passed[-1] if passed else before
    columns = flow_of(stream).columns(stream, event)
    return Decision(
        moves=(
            TransactionMoved(
                state=after.state.value,
                sub_state=after.sub_state,
                opens=opens,
                fields={
                    "updated_at": facts.now,
                    "attempt": event.attempt,
                    "progress_percent": progress_percent(payloads),
                    **_changed(record),
                    **columns,
                    **(_estimated(columns, facts) if opens else {}),
                },
            ),
        ),
        history=tuple(
            HistoryRow(
                event_sequence=event.sequence,
                position=index,
                state=position.state.value,
                sub_state=position.sub_state,
                event_type=event.type,
                at=event.occurred_at,
                reason=_reason(columns),
            )
            for index, position in enumerate(shown)
        ),
        steps=tuple(
            StepRow(
                name=name,
                type=kind,
                status=StepStatus(status),
                attempt=event.attempt,
                event_sequence=event.sequence,
                at=event.occurred_at,
            )
            for name, kind, status in record.steps
        ),
    )


def _changed(record: Record) -> JsonObject:
    said = {
        "waiting_on": record.waiting_on,
        "funds_location": record.funds_location,
        "outcome_certainty": record.outcome_certainty,
    }
    return {name: value for name, value in said.items() if value is not None}


def _estimated(opening: JsonObject, facts: Facts) -> JsonObject:
    """When it should be done, as such transactions go."""
    seconds = facts.estimated_seconds(str(opening["type"]))
    if seconds is None:
        return {}
    return {"estimated_completion": facts.now + timedelta(seconds=seconds)}


def _reason(columns: JsonObject) -> str | None:
    """Why a flow failed, in its history too."""
    reason = columns.get("reason")
    return None if reason is None else str(reason)


REACTIONS: dict[type[EventPayload], Reactions] = {
    opening: dict.fromkeys(flow.records, record_and_go_on) for opening, flow in FLOWS.items()
}
