"""The errors that a user can cause or meet; each names a code of the catalogue.

DomainError
├── InvalidInput
│   └── InvalidAmount
├── ForbiddenTransition
└── Refused               a well-formed wish that the platform does not fulfil
    ├── InsufficientBalance
    └── IdempotencyConflict
The texts (what happened, why, what to do, alternatives) stand in the catalogue by locale; an
error carries only data.
"""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """Something that has a code in the catalogue; `details` fills the text's blanks."""

    code = "SYS_INTERNAL"

    def __init__(
        self, *, code: str | None = None, field: str | None = None, **details: str
    ) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.field = field
        self.details: Mapping[str, str] = details


class InvalidInput(DomainError):
    """Input that no state of the platform would accept; nothing is stored of it."""

    code = "VAL_INVALID"


class InvalidAmount(InvalidInput):
    """An amount that is not a positive decimal of the asset's precision."""

    REASON_CODES: ClassVar[Mapping[str, str]] = {
        "format": "VAL_AMOUNT_FORMAT",
        "precision": "VAL_AMOUNT_PRECISION",
        "zero": "VAL_AMOUNT_ZERO",
    }

    def __init__(self, *, field: str, reason: str, asset: str) -> None:
        super().__init__(code=self.REASON_CODES[reason], field=field, asset=asset)


class ForbiddenTransition(DomainError):
    """A state that cannot follow the present one; nothing has changed."""

    code = "TXN_FORBIDDEN_TRANSITION"


class Refused(DomainError):
    """A well-formed wish that is not fulfilled; the attempt is recorded."""

    code = "TXN_REFUSED"


class InsufficientBalance(Refused):
    """The balance does not cover the hold and the reserve for fees."""

    code = "TXN_INSUFFICIENT_BALANCE"


class IdempotencyConflict(Refused):
    """The same key came with another input."""

    code = "VAL_IDEMPOTENCY_CONFLICT"
