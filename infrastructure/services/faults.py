"""What went wrong beneath a use case, in the words of the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from domain.shared.errors import DomainError, IdempotencyConflict
from infrastructure.chains.solana.errors import (
    AssertionsAppended,
    ForeignSigner,
    MessageChanged,
    NotATransaction,
    RpcError,
    SubmissionError,
)
from infrastructure.db.committer import CommitterOverloaded
from infrastructure.db.lane import DatabaseUnavailable
from infrastructure.sagas.engine import KeyConflictError, TooContendedError

_SUBMISSION_CODES: tuple[tuple[type[SubmissionError], str], ...] = (
    (NotATransaction, "VAL_SIGNED_TRANSACTION"),
    (AssertionsAppended, "TXN_ASSERTIONS_APPENDED"),
    (MessageChanged, "TXN_MESSAGE_CHANGED"),
    (ForeignSigner, "TXN_SIGNATURE_FOREIGN"),
    (SubmissionError, "TXN_SIGNATURE_INVALID"),
)

_DATABASE_ERRORS = (
    DatabaseUnavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    OSError,
)


class Unavailable(DomainError):
    """Somebody whom the platform needs does not answer; nothing was begun."""

    code = "SYS_UNAVAILABLE"


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Raises the `DomainError` that stands for whatever an adapter raised inside."""
    try:
        yield
    except SubmissionError as error:
        code = next(code for kind, code in _SUBMISSION_CODES if isinstance(error, kind))
        raise DomainError(code=code, field="input.signedTransaction") from error
    except RpcError as error:
        raise Unavailable(code="PRV_UNAVAILABLE") from error
    except KeyConflictError as error:
        raise IdempotencyConflict(field="input.idempotencyKey") from error
    except (TooContendedError, CommitterOverloaded) as error:
        raise Unavailable(code="SYS_BUSY") from error
    except _DATABASE_ERRORS as error:
        raise Unavailable from error
