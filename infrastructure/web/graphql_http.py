"""GraphQL over HTTP: queries by GET, everything by POST, subscriptions as an event stream.

Answers are `application/json` (200 for every well-formed request) or, where the client accepts it,
`application/graphql-response+json` (400 for a request that did not execute). `data` is absent
whenever nothing was executed. What is no GraphQL request at all is 400 in both.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from infrastructure.web.errors import ErrorCode, plain_error
from infrastructure.web.limits import WebLimits
from infrastructure.web.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    MediaType,
    negotiate,
)
from infrastructure.web.operation import (
    ALL_OPERATIONS,
    Engine,
    InvalidRequestError,
    OperationRequest,
    Outcome,
    decode,
    encode,
    encode_outcome,
    new_request_id,
    read_request,
)
from infrastructure.web.sse import EventStreamResponse

NO_HEADERS: Final[Mapping[str, str]] = {}
CLOSING: Final[Mapping[str, str]] = {"connection": "close"}
UTF8_NAMES = frozenset({"utf-8", "utf8", '"utf-8"', '"utf8"'})
PARAMETERS = ("query", "operationName", "variables", "extensions")
READING = frozenset({OperationType.QUERY})
READING_AND_WRITING = frozenset({OperationType.QUERY, OperationType.MUTATION})
STREAM_BY_GET = frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION})


class HTTPRefusal(Exception):
    """A request that gets no GraphQL answer; the message may be shown."""

    def __init__(
        self,
        status: int,
        code: ErrorCode,
        message: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class GraphQLOverHTTP:
    """The ASGI application behind the HTTP half of the endpoint."""

    def __init__(self, engine: Engine, limits: WebLimits) -> None:
        self._engine = engine
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> ASGIApp:
        request_id = new_request_id(request.headers.get("x-request-id"))
        media_type = negotiate(request.headers.get("accept"))
        try:
            return await self._answer(request, _acceptable(media_type), request_id)
        except HTTPRefusal as refusal:
            return _refuse(refusal, media_type, request_id)

    async def _answer(self, request: Request, media_type: MediaType, request_id: str) -> ASGIApp:
        operation = await self._operation(request)
        is_stream = media_type == EVENT_STREAM
        scope = self._engine.scope(
            self._engine.authenticator.authenticate(request.headers.get("authorization")),
            headers=request.headers,
            transport="sse" if is_stream else "http",
            request_id=request_id,
        )
        if is_stream:
            allowed = STREAM_BY_GET if request.method == "GET" else ALL_OPERATIONS
            outcomes = self._engine.stream(operation, scope, allowed=allowed)
            return EventStreamResponse(outcomes, scope, limits=self._limits)
        allowed = READING if request.method == "GET" else READING_AND_WRITING
        try:
            outcome = await self._engine.execute(operation, scope, allowed=allowed)
        except InvalidOperationTypeError as error:
            raise _not_allowed(error.operation_type) from error
        return _response(outcome, media_type, request_id)

    async def _operation(self, request: Request) -> OperationRequest:
        try:
            if request.method == "GET":
                return read_request(self._query_parameters(request))
            if request.method == "POST":
                _require_json(request.headers)
                return read_request(decode(await self._body(request)))
        except InvalidRequestError as error:
            raise HTTPRefusal(400, ErrorCode.REQUEST, str(error)) from error
        raise HTTPRefusal(405, ErrorCode.METHOD, "Use GET or POST.", headers={"allow": "GET, POST"})

    def _query_parameters(self, request: Request) -> dict[str, object]:
        if len(request.scope["query_string"]) > self._limits.url_length_max:
            raise HTTPRefusal(414, ErrorCode.TOO_LARGE, "The URL is too long: use POST.")
        found: dict[str, object] = {
            name: request.query_params[name]
            for name in PARAMETERS
            if request.query_params.get(name)
        }
        for name in ("variables", "extensions"):
            text = found.get(name)
            if isinstance(text, str):
                found[name] = decode(text)
        return found

    async def _body(self, request: Request) -> bytes:
        chunks: list[bytes] = []
        size_bytes = 0
        try:
            async with asyncio.timeout(self._limits.body_timeout_seconds):
                async for chunk in request.stream():
                    size_bytes += len(chunk)
                    if size_bytes > self._limits.body_bytes_max:
                        raise _too_large(self._limits.body_bytes_max)
                    chunks.append(chunk)
        except TimeoutError as error:
            message = "The request took too long to arrive."
            raise HTTPRefusal(408, ErrorCode.TOO_SLOW, message, headers=CLOSING) from error
        return b"".join(chunks)


def _too_large(limit_bytes: int) -> HTTPRefusal:
    message = f"The request is larger than {limit_bytes} bytes."
    return HTTPRefusal(413, ErrorCode.TOO_LARGE, message, headers=CLOSING)


def _acceptable(media_type: MediaType | None) -> MediaType:
    if media_type is None:
        message = f"Accept {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}."
        raise HTTPRefusal(406, ErrorCode.MEDIA_TYPE, message)
    return media_type


def _require_json(headers: Headers) -> None:
    """Only JSON: a form of another site could post anything simpler without asking us first."""
    name, *parameters = headers.get("content-type", "").lower().split(";")
    charsets = [
        text.strip().removeprefix("charset=")
        for text in parameters
        if text.strip().startswith("charset=")
    ]
    if name.strip() != JSON or not UTF8_NAMES.issuperset(charsets):
        message = "The Content-Type must be application/json, in UTF-8."
        raise HTTPRefusal(415, ErrorCode.MEDIA_TYPE, message)


def _not_allowed(operation_type: OperationType) -> HTTPRefusal:
    if operation_type is OperationType.SUBSCRIPTION:
        message = f"Subscriptions need a WebSocket or Accept: {EVENT_STREAM}."
        return HTTPRefusal(400, ErrorCode.OPERATION, message)
    message = "Mutations need POST."
    return HTTPRefusal(405, ErrorCode.METHOD, message, headers={"allow": "POST"})


def _response(outcome: Outcome, media_type: MediaType, request_id: str) -> Response:
    body, shown = encode_outcome(outcome, request_id=request_id)
    return _json(body, _status(shown, media_type), media_type, request_id)


def _status(outcome: Outcome, media_type: MediaType) -> int:
    if outcome.fault:
        return 500
    return 200 if outcome.has_data or media_type == JSON else 400


def _refuse(refusal: HTTPRefusal, media_type: MediaType | None, request_id: str) -> Response:
    shown = plain_error(refusal.message, refusal.code, request_id=request_id)
    answer_type: MediaType = GRAPHQL_RESPONSE if media_type == GRAPHQL_RESPONSE else JSON
    response = _json(encode({"errors": [shown]}), refusal.status, answer_type, request_id)
    response.headers.update(refusal.headers)
    return response


def _json(body: str, status: int, media_type: MediaType, request_id: str) -> Response:
    return Response(
        body,
        status_code=status,
        headers={
            "content-type": f"{media_type}; charset=utf-8",
            "cache-control": "no-store",
            "x-request-id": request_id,
            "vary": "accept",
        },
    )
