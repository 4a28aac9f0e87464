"""Errors as data: what happened, why, what to do, and what else would work."""

from enum import StrEnum
from typing import Self

import strawberry

from domain.contracts.views import ErrorView
from schema.fields import described


@strawberry.enum(description="How grave an error is.")
class Severity(StrEnum):
    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@strawberry.enum(description="Whether trying again can help.")
class Retryability(StrEnum):
    TEMPORARY = "TEMPORARY"
    PERMANENT = "PERMANENT"
    USER_ACTION = "USER_ACTION"


@strawberry.type(description="An expected error, in the language of Accept-Language.")
class Error:
    code: str = strawberry.field(description="Stable; the texts may change.")
    severity: Severity
    retryability: Retryability
    what_happened: str
    why: str
    what_to_do: str
    alternatives: list[str]
    field: str | None = strawberry.field(description="The path of the input that it is about.")
    retry_after_seconds: int | None

    @described("Whether the same request may succeed later.")
    def retryable(self) -> bool:
        return self.retryability is Retryability.TEMPORARY

    @classmethod
    def of(cls, view: ErrorView) -> Self:
        return cls(
            code=view.code,
            severity=Severity(view.severity),
            retryability=Retryability(view.retryability),
            what_happened=view.what_happened,
            why=view.why,
            what_to_do=view.what_to_do,
            alternatives=list(view.alternatives),
            field=view.field,
            retry_after_seconds=view.retry_after_seconds,
        )
