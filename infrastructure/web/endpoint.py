"""`/graphql`, put together: the one thing that the application builds."""

from collections.abc import Sequence

import strawberry
from graphql import GraphQLError
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionContext

from infrastructure.web.auth import Authenticator
from infrastructure.web.graphql_http import GraphQLOverHTTP
from infrastructure.web.graphql_ws import GraphQLOverWebSocket
from infrastructure.web.limits import WebLimits
from infrastructure.web.operation import ContextFactory, Engine

PATH = "/graphql"


class ServedSchema(strawberry.Schema):
    """A schema whose errors are logged once, where they are masked, and not for each mistake of a
    client. Build it with `validation.schema_extensions()`.
    """

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        pass


class GraphQLEndpoint:
    """An ASGI application for HTTP, SSE and WebSocket at one address.

    `make_context` is called once for each operation and must not wait.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        make_context: ContextFactory,
        authenticator: Authenticator,
        limits: WebLimits | None = None,
        allowed_origins: Sequence[str] = (),
    ) -> None:
        engine = Engine(schema=schema, make_context=make_context, authenticator=authenticator)
        bounds = limits or WebLimits()
        self._http = GraphQLOverHTTP(engine, bounds)
        self._websocket = GraphQLOverWebSocket(engine, bounds, allowed_origins=allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serve = self._websocket if scope["type"] == "websocket" else self._http
        await serve(scope, receive, send)

    def routes(self, path: str = PATH) -> list[BaseRoute]:
        return [Route(path, self), WebSocketRoute(path, self)]
