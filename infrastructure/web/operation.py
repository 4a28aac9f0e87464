"""One GraphQL operation, whichever transport brought it: its request, its scope, its running.

`OperationScope` is all that the web layer tells the resolvers. The context factory makes a context
of it for each operation, never for a socket, so that what a context caches (data loaders) ends with
the operation.
"""

import re
import uuid
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, cast

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from infrastructure.web.auth import Authenticator, AuthError, Principal
from infrastructure.web.errors import internal_error, is_internal, plain_error, present

OPERATION_NAME_LENGTH_MAX = 256
LANGUAGE_LENGTH_MAX = 128
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")

Transport = Literal["http", "sse", "websocket"]
Response = dict[str, object]
ALL_OPERATIONS = frozenset(OperationType)


class InvalidRequestError(Exception):
    """Parameters that are no GraphQL request; the message may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    query: str
    variables: dict[str, object] | None = None
    operation_name: str | None = None
    extensions: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationScope:
    """What is known of one operation before it runs."""

    identity: Principal | AuthError
    request_id: str
    transport: Transport
    accept_language: str
    recheck: Callable[[], AuthError | None]

    @property
    def principal(self) -> Principal | None:
        return self.identity if isinstance(self.identity, Principal) else None

    def require_principal(self) -> Principal:
        """Who is signed in and still may be served, else the AuthError is raised."""
        if isinstance(self.identity, AuthError):
            raise AuthError(self.identity.code, self.identity.message)
        error = self.recheck()
        if error is not None:
            raise error
        return self.identity


ContextFactory = Callable[[OperationScope], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A schema, who may ask it, and how each operation gets its context."""

    schema: strawberry.Schema
    make_context: ContextFactory
    authenticator: Authenticator

    def scope(
        self,
        identity: Principal | AuthError,
        *,
        headers: Mapping[str, str],
        transport: Transport,
        request_id: str | None = None,
    ) -> OperationScope:
        return OperationScope(
            identity=identity,
            request_id=request_id or new_request_id(),
            transport=transport,
            accept_language=headers.get("accept-language", "")[:LANGUAGE_LENGTH_MAX],
            recheck=lambda: self.recheck(identity),
        )

    def recheck(self, identity: Principal | AuthError) -> AuthError | None:
        """Why this caller is no longer served; anonymous callers stay as they are."""
        if isinstance(identity, AuthError):
            return None
        return self.authenticator.recheck(identity)

    async def execute(
        self,
        request: OperationRequest,
        scope: OperationScope,
        *,
        allowed: Collection[OperationType],
    ) -> "Outcome":
        """Runs a query or a mutation. An operation of a type not allowed raises."""
        try:
            result = await self.schema.execute(
                request.query,
                variable_values=request.variables,
                context_value=self.make_context(scope),
                operation_name=request.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=request.extensions,
            )
        except CannotGetOperationTypeError as error:
            cause = GraphQLError(error.as_http_error_reason(), original_error=error)
            return outcome(PreExecutionError(data=None, errors=[cause]), scope)
        except InvalidOperationTypeError:
            raise
        except Exception as error:  # noqa: BLE001 (the boundary: masked and logged)
            return Outcome(errors=[internal_error(error, request_id=scope.request_id)], fault=True)
        return outcome(result, scope)

    async def stream(
        self,
        request: OperationRequest,
        scope: OperationScope,
        *,
        allowed: Collection[OperationType] = ALL_OPERATIONS,
    ) -> AsyncGenerator["Outcome", None]:
        """The outcomes of any operation; before each, its caller's right to it is asked again."""
        try:
            async with aclosing(await self._results(request, scope, allowed)) as results:
                async for result in results:
                    ended = scope.recheck()
                    if ended is not None:
                        yield refusal(ended, scope)
                        return
                    yield outcome(result, scope)
        except GraphQLError as error:
            yield outcome(PreExecutionError(data=None, errors=[error]), scope)
        except Exception as error:  # noqa: BLE001 (the boundary: masked and logged)
            yield Outcome(errors=[internal_error(error, request_id=scope.request_id)], fault=True)

    async def _results(
        self, request: OperationRequest, scope: OperationScope, allowed: Collection[OperationType]
    ) -> AsyncGenerator[ExecutionResult, None]:
        # Incremental delivery is off, so each frame is an ExecutionResult.
        return cast(
            "AsyncGenerator[ExecutionResult, None]",
            await self.schema.stream(
                request.query,
                variable_values=request.variables,
                context_value=self.make_context(scope),
                operation_name=request.operation_name,
                operation_extensions=request.extensions,
                allowed_operation_types=allowed,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One response. `data` counts where `has_data`, else the request itself failed: by the
    client's mistake, by our `fault`, or because the right to it `ended`.
    """

    data: dict[str, object] | None = None
    has_data: bool = False
    errors: list[dict[str, object]] = field(default_factory=list)
    extensions: dict[str, object] | None = None
    fault: bool = False
    ended: AuthError | None = None

    def response(self) -> Response:
        body: Response = {}
        if self.errors:
            body["errors"] = self.errors
        if self.has_data:
            body["data"] = self.data
        if self.extensions:
            body["extensions"] = self.extensions
        return body


def outcome(result: ExecutionResult, scope: OperationScope) -> Outcome:
    errors = result.errors or []
    was_executed = _was_executed(result, errors)
    shown = present(errors, request_id=scope.request_id)
    return Outcome(
        data=result.data,
        has_data=was_executed,
        errors=shown,
        extensions=result.extensions,
        fault=not was_executed and any(is_internal(error) for error in shown),
    )


def refusal(error: AuthError, scope: OperationScope) -> Outcome:
    shown = plain_error(error.message, error.code, request_id=scope.request_id)
    return Outcome(errors=[shown], ended=error)


def _was_executed(result: ExecutionResult, errors: list[GraphQLError]) -> bool:
    """Null data stands for a failed execution only where an error has the path of a field."""
    if isinstance(result, PreExecutionError):
        return False
    return result.data is not None or any(error.path is not None for error in errors)


def read_request(parameters: object) -> OperationRequest:
    """A request out of decoded JSON; each parameter must have its type or be null."""
    if not isinstance(parameters, dict):
        raise InvalidRequestError("The request must be a JSON object.")
    query, name = parameters.get("query"), parameters.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise InvalidRequestError("The request needs a `query`: a string.")
    if name is not None and not isinstance(name, str):
        raise InvalidRequestError("`operationName` must be a string or null.")
    if name is not None and len(name) > OPERATION_NAME_LENGTH_MAX:
        raise InvalidRequestError("`operationName` is too long.")
    return OperationRequest(
        query=query,
        variables=_object(parameters, "variables"),
        operation_name=name,
        extensions=_object(parameters, "extensions"),
    )


def _object(parameters: dict[str, object], name: str) -> dict[str, object] | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidRequestError(f"`{name}` must be an object or null.")
    return value


def new_request_id(proposed: str | None = None) -> str:
    """The caller's own id where it is harmless to log, else a new one."""
    if proposed is not None and REQUEST_ID.fullmatch(proposed):
        return proposed
    return uuid.uuid4().hex


def encode_outcome(outcome: Outcome, *, request_id: str) -> tuple[str, Outcome]:
    """The outcome's JSON; our fault takes its place where JSON cannot hold a resolver's answer."""
    try:
        return encode(outcome.response()), outcome
    except (TypeError, ValueError) as error:
        failed = Outcome(errors=[internal_error(error, request_id=request_id)], fault=True)
        return encode(failed.response()), failed


def encode(message: Mapping[str, object]) -> str:
    """JSON as text: bytes would become binary WebSocket frames."""
    return orjson.dumps(message).decode()


def decode(text: str | bytes) -> object:
    """Any JSON value; invalid UTF-8, NaN and deep nesting raise InvalidRequestError."""
    try:
        return cast("object", orjson.loads(text))
    except ValueError as error:
        raise InvalidRequestError("This is not valid JSON.") from error
