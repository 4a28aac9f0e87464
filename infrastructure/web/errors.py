"""What a client may read of an error.

Expected failures are typed results of the schema and never come here. Of the rest, a mistake in the
request keeps its message; everything else is logged and answered as SYS_INTERNAL with the request's
id, so that neither a message nor a traceback of ours leaves the process.
"""

import logging
import traceback
from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from infrastructure.web.auth import AuthError

logger = logging.getLogger(__name__)

INTERNAL_MESSAGE = "Something went wrong on our side. Quote the request id when you report it."
CURSOR_MESSAGE = "The page you asked for cannot be read: check first, last, after and before."
ERRORS_SHOWN_MAX = 20  # a list of 10,000 failing items needs no 10,000 messages


class ErrorCode(StrEnum):
    INTERNAL = "SYS_INTERNAL"
    CURSOR = "VAL_CURSOR"
    SYNTAX = "VAL_SYNTAX"
    OPERATION = "VAL_OPERATION"
    REQUEST = "VAL_REQUEST"
    TOO_LARGE = "VAL_REQUEST_TOO_LARGE"
    TOO_SLOW = "VAL_REQUEST_TOO_SLOW"
    METHOD = "VAL_METHOD"
    MEDIA_TYPE = "VAL_MEDIA_TYPE"
    STREAMS = "VAL_TOO_MANY_SUBSCRIPTIONS"


def present(errors: Sequence[GraphQLError], *, request_id: str) -> list[dict[str, object]]:
    """The errors as a client sees them; what is masked is logged here."""
    return [_present_one(error, request_id) for error in errors[:ERRORS_SHOWN_MAX]]


def plain_error(message: str, code: str, *, request_id: str) -> dict[str, object]:
    return {"message": message, "extensions": {"code": code, "requestId": request_id}}


def internal_error(error: BaseException, *, request_id: str) -> dict[str, object]:
    """Logs an unexpected exception and answers what stands for it."""
    logger.error("unexpected error, request %s", request_id, exc_info=error)
    return plain_error(INTERNAL_MESSAGE, ErrorCode.INTERNAL, request_id=request_id)


def is_internal(shown: dict[str, object]) -> bool:
    extensions = shown.get("extensions")
    return isinstance(extensions, dict) and extensions.get("code") == ErrorCode.INTERNAL


def _present_one(error: GraphQLError, request_id: str) -> dict[str, object]:
    shown = _client_error(error, request_id)
    if shown is None:
        shown = internal_error(error.original_error or error, request_id=request_id)
    if error.locations:
        shown["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def _client_error(error: GraphQLError, request_id: str) -> dict[str, object] | None:
    """The error if the client caused it, None if it must be masked."""
    cause = _cause(error)
    if isinstance(cause, AuthError):
        return plain_error(cause.message, cause.code, request_id=request_id)
    if is_cursor_error(cause):
        return plain_error(CURSOR_MESSAGE, ErrorCode.CURSOR, request_id=request_id)
    if not _is_of_the_request(error, cause):
        return None
    code = str((error.extensions or {}).get("code", _code(error, cause)))
    return plain_error(error.message, code, request_id=request_id)


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_of_the_request(error: GraphQLError, cause: BaseException) -> bool:
    """Raised as a GraphQLError, found by validation (it has nodes, no path), or about operations."""
    if isinstance(cause, GraphQLError | CannotGetOperationTypeError | InvalidOperationTypeError):
        return True
    return error.path is None and bool(error.nodes)


def _code(error: GraphQLError, cause: BaseException) -> ErrorCode:
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.SYNTAX
    if isinstance(cause, CannotGetOperationTypeError | InvalidOperationTypeError):
        return ErrorCode.OPERATION
    return ErrorCode.REQUEST


def is_cursor_error(error: BaseException) -> bool:
    """Relay code of strawberry raises bare ValueErrors and TypeErrors: its frame tells them."""
    if not isinstance(error, ValueError | TypeError):
        return False
    last: object = None
    for frame, _line in traceback.walk_tb(error.__traceback__):
        last = frame.f_globals.get("__name__")
    return isinstance(last, str) and last.startswith("strawberry.relay")
