"""A provider's HTTP side: its operations as routes, each with the faults that are set.

An operation is a function from a request to an `Answer`. What goes wrong in the provider's own
words is raised as `ProviderError` and answered in the body that this provider uses for errors.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.sandbox.frame.world import World

BODY_BYTES_MAX: Final = 1024 * 1024
_TOO_LARGE: Final = 413
_TOO_MANY_REQUESTS: Final = 429
_UNAVAILABLE: Final = 503
_GATEWAY_TIMEOUT: Final = 504
_BAD_REQUEST: Final = 400

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation answers: `body` is encoded as JSON unless it is bytes already."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def response(self) -> Response:
        content = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        return Response(content, self.status, dict(self.headers), self.media_type)


class ProviderError(Exception):
    """A refusal in the provider's own words: status and body."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer = Answer(status=status, body=body, headers=headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`name` is what faults call it; `path` is below the provider's base path."""

    name: str
    method: str
    path: str
    carry_out: Callable[[Request], Awaitable[Answer]]


def provider_routes(
    world: World,
    provider: str,
    operations: Sequence[Operation],
    *,
    authorise: Callable[[Request, bytes], None],
) -> list[Route]:
    """The routes of a provider. `authorise` is given the raw body and raises `ProviderError`."""
    world.faults.know(provider)
    return [
        Route(
            operation.path,
            _Endpoint(world, provider, operation, authorise),
            methods=[operation.method],
        )
        for operation in operations
    ]


async def read_body(request: Request, kind: type[Body], *, wrong: object) -> Body:
    """The JSON body as `kind`; ProviderError 400 with the body `wrong` where it is none."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError:
        raise ProviderError(_BAD_REQUEST, wrong) from None


class _Endpoint:
    """One operation as an ASGI endpoint."""

    def __init__(
        self,
        world: World,
        provider: str,
        operation: Operation,
        authorise: Callable[[Request, bytes], None],
    ) -> None:
        self._world = world
        self._provider = provider
        self._operation = operation
        self._authorise = authorise

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]  # Starlette hands ASGI's own
        response = await self._answer(request)
        await response(scope, receive, send)  # type: ignore[arg-type]  # as above

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return Response(status_code=_TOO_LARGE)
        refused = await self._faults_before()
        if refused is not None:
            return refused
        try:
            self._authorise(request, body)
            answer = await self._operation.carry_out(request)
        except ProviderError as error:
            answer = error.answer
        return await self._faults_after(answer.response())

    async def _faults_before(self) -> Response | None:
        take, provider, name = self._world.faults.take, self._provider, self._operation.name
        if (fault := take("latency", provider, name)) is not None:
            await asyncio.sleep(fault.latency_ms / 1000)
        if take("outage", provider, name) is not None:
            return Response(status_code=_UNAVAILABLE)
        if (fault := take("rate_limit", provider, name)) is not None:
            retry_after = {"retry-after": str(fault.retry_after_seconds)}
            return Response(status_code=_TOO_MANY_REQUESTS, headers=retry_after)
        if (fault := take("error", provider, name)) is not None:
            return Response(status_code=fault.status)
        if (fault := take("timeout_before_executing", provider, name)) is not None:
            await asyncio.sleep(fault.hang_ms / 1000)
            return Response(status_code=_GATEWAY_TIMEOUT)
        return None

    async def _faults_after(self, response: Response) -> Response:
        take, provider, name = self._world.faults.take, self._provider, self._operation.name
        if (fault := take("timeout_after_executing", provider, name)) is not None:
            await asyncio.sleep(fault.hang_ms / 1000)
            return Response(status_code=_GATEWAY_TIMEOUT)
        if take("malformed_body", provider, name) is not None:
            half = bytes(response.body)[: len(bytes(response.body)) // 2]
            return Response(half, response.status_code, media_type=response.media_type)
        return response
