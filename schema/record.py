"""What is recorded of a transaction on its way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import AttemptView, InteractionView, StepView, TimelineEntryView
from domain.shared.unit import StepStatus
from domain.transaction.states import State
from resolvers.context import Info
from schema.fields import described

strawberry.enum(State, name="TransactionState")
strawberry.enum(StepStatus)


@strawberry.type(description="A state that was passed, and the event that led there.")
class TimelineEntry:
    sequence: int
    state: State
    sub_state: str | None
    event_type: str
    at: datetime
    stored_reason: strawberry.Private[str | None]

    @described("The code of the error that led here.")
    def reason(self, info: Info) -> str | None:
        return None if self.stored_reason is None else info.context.explain(self.stored_reason).code

    @classmethod
    def of(cls, view: TimelineEntryView) -> Self:
        return cls(
            sequence=view.sequence,
            state=State(view.state),
            sub_state=view.sub_state,
            event_type=view.event_type,
            at=view.at,
            stored_reason=view.reason,
        )


@strawberry.type(description="A step of the transaction, with its latest status.")
class Step:
    name: str
    type: str
    status: StepStatus
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    detail: str | None = strawberry.field(description="The code of why it failed.")

    @classmethod
    def fold(cls, rows: Sequence[StepView]) -> list[Self]:
        """One step for each name and attempt, out of the rows of its changes, in their order."""
        steps: dict[tuple[str, int], Self] = {}
        for row in rows:
            before = steps.get((row.name, row.attempt))
            status = StepStatus(row.status)
            steps[row.name, row.attempt] = cls(
                name=row.name,
                type=row.type,
                status=status,
                attempt=row.attempt,
                started_at=before.started_at if before else row.at,
                ended_at=None if status is StepStatus.STARTED else row.at,
                detail=row.detail,
            )
        return list(steps.values())


@strawberry.type(description="An attempt to recover a transaction.")
class Attempt:
    strategy: str
    attempt: int
    at: datetime
    reason: str
    result: str

    @classmethod
    def of(cls, view: AttemptView) -> Self:
        return cls(
            strategy=view.strategy,
            attempt=view.attempt,
            at=view.at,
            reason=view.reason,
            result=view.result,
        )


@strawberry.type(description="One exchange with a provider or a chain.")
class Interaction:
    provider: str
    operation: str
    outcome: str
    attempt: int
    at: datetime

    @classmethod
    def of(cls, view: InteractionView) -> Self:
        return cls(
            provider=view.provider,
            operation=view.operation,
            outcome=view.outcome,
            attempt=view.attempt,
            at=view.at,
        )
