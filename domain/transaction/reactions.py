"""The transaction records what all contexts publish, and says when a flow has ended."""

from dataclasses import replace

from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event
from domain.contracts.events import FeeDueReserved, FeeDueSettled
from domain.contracts.flows import FlowName
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reactions
from domain.shared.stream import Stream
from domain.shared.unit import HistoryRow, JsonObject, StepRow, StepStatus, TransactionMoved
from domain.transaction.estimates import estimated_columns
from domain.transaction.flow import Record
from domain.transaction.flows.choice import choice_columns
from domain.transaction.flows.ending import ended_columns
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
    columns = flow_of(stream).columns(stream, event) | choice_columns(event) | ended_columns(event)
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
                    **_owed(event),
                    **estimated_columns(_by(stream, event), columns, facts),
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
        steps=(
            *_given_up(stream, event, fails=after.state is State.FAILED, reason=_reason(columns)),
            *(
                _step(event, name, kind, StepStatus(status), detail=_refusal(event))
                for name, kind, status in record.steps
            ),
        ),
    )


def _owed(event: Event) -> JsonObject:
    """What the transaction pays of what is owed from earlier, in whatever flow."""
    match event.data:
        case FeeDueReserved(amount=amount):
            return {"fee_due": amount}
        case FeeDueSettled(collected=collected):
            return {"fee_due": collected}
        case _:
            return {}


def _step(event: Event, name: str, kind: str, status: StepStatus, *, detail: str | None) -> StepRow:
    return StepRow(
        name=name,
        type=kind,
        status=status,
        attempt=event.attempt,
        event_sequence=event.sequence,
        at=event.occurred_at,
        detail=detail,
    )


def _given_up(
    stream: Stream, event: Event, *, fails: bool, reason: str | None
) -> tuple[StepRow, ...]:
    """The steps under way that the event ends: all, where the transaction fails with it; else the
    attempts at what begins anew. What the event itself tells as failed is told once."""
    begun: dict[str, StepRow] = {}
    for earlier in stream.events[: event.sequence - 1]:
        for name, kind, status in record_of(flow_of(stream), earlier.data).steps:
            begun.pop(name, None)
            if status == StepStatus.STARTED:
                begun[name] = _step(earlier, name, kind, StepStatus.FAILED, detail=reason)
    own = record_of(flow_of(stream), event.data).steps
    again = {name for name, _, status in own if status != StepStatus.FAILED}
    told = {name for name, _, status in own if status == StepStatus.FAILED}
    return tuple(
        replace(step, event_sequence=event.sequence, at=event.occurred_at)
        for name, step in begun.items()
        if name not in told and (fails or (name in again and step.attempt != event.attempt))
    )


def _refusal(event: Event) -> str | None:
    """The code with which a provider ended its attempt."""
    return event.data.code if isinstance(event.data, ProviderAttemptFailed) else None


def _changed(record: Record) -> JsonObject:
    said = {
        "waiting_on": record.waiting_on,
        "funds_location": record.funds_location,
        "outcome_certainty": record.outcome_certainty,
    }
    return {name: value for name, value in said.items() if value is not None}


def _by(stream: Stream, event: Event) -> Stream:
    """As it was with that event."""
    return replace(stream, events=stream.events[: event.sequence])


def _reason(columns: JsonObject) -> str | None:
    """Why a flow failed, in its history too."""
    reason = columns.get("reason")
    return None if reason is None else str(reason)


REACTIONS: dict[FlowName, Reactions] = {
    name: dict.fromkeys((*flow.records, FeeDueReserved, FeeDueSettled), record_and_go_on)
    for name, flow in FLOWS.items()
}
