"""GraphQL over WebSocket: the graphql-transport-ws protocol and no other.

Each socket is one task group: its reader, its watch, and one task an operation. Whoever finds a
reason to end the socket raises SocketClosingError; all the others are cancelled, and the socket is
closed with that reason's code. Nothing else ends a socket but its client.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import assert_never

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.http.websocket_origin import (
    is_same_origin,
    normalize_allowed_origins,
    normalize_origin,
)

from infrastructure.web.auth import AuthCode, AuthError, Principal, missing
from infrastructure.web.errors import ErrorCode, internal_error, plain_error
from infrastructure.web.limits import WebLimits
from infrastructure.web.operation import Engine, OperationScope, Outcome, encode
from infrastructure.web.ws_messages import (
    ClientMessage,
    CloseCode,
    Complete,
    Initialise,
    Ping,
    Pong,
    SocketClosingError,
    Subscribe,
    parse_message,
)

logger = logging.getLogger(__name__)

PROTOCOL = "graphql-transport-ws"
SAID_AT_ONCE = ("authorization", "accept-language")
"""Headers that `connection_init` may carry in its payload: browsers set none in a handshake."""


class GraphQLOverWebSocket:
    """The ASGI application behind the WebSocket half of the endpoint.

    Pages of other origins may connect only if listed (`*`: all); clients without an Origin are no
    browsers and always may.
    """

    def __init__(
        self, engine: Engine, limits: WebLimits, *, allowed_origins: Sequence[str] = ()
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._allowed_origins = normalize_allowed_origins(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        connection = Connection(socket, self._limits)
        if not self._may_connect(socket.headers):
            await socket.close()  # before it is accepted: the handshake is answered with 403
        elif PROTOCOL not in scope["subprotocols"]:
            await socket.accept()
            await connection.close(CloseCode.SUBPROTOCOL, f"Offer the subprotocol {PROTOCOL}.")
        else:
            await socket.accept(subprotocol=PROTOCOL)
            await Session(connection, self._engine, self._limits, socket.headers).serve()

    def _may_connect(self, headers: Mapping[str, str]) -> bool:
        origin = headers.get("origin")
        if origin is None or "*" in self._allowed_origins:
            return True
        if is_same_origin(origin, headers.get("host")):
            return True
        return normalize_origin(origin) in self._allowed_origins


class ClientLeftError(Exception):
    pass


class Connection:
    """Text in and out, bounded in size and time."""

    def __init__(self, socket: WebSocket, limits: WebLimits) -> None:
        self._socket = socket
        self._limits = limits

    async def receive(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise ClientLeftError
        text = message.get("text")
        if not isinstance(text, str):
            raise SocketClosingError(CloseCode.BAD_REQUEST, "Messages must be text.")
        if len(text) > self._limits.message_length_max:
            raise SocketClosingError(CloseCode.TOO_BIG, "The message is too long.")
        return text

    async def send(self, message: Mapping[str, object]) -> None:
        text = encode(message)
        try:
            async with asyncio.timeout(self._limits.send_timeout_seconds):
                await self._socket.send_text(text)
        except TimeoutError as error:
            raise SocketClosingError(CloseCode.TOO_SLOW, "The client reads too slowly.") from error
        except WebSocketDisconnect as error:
            raise ClientLeftError from error

    async def close(self, code: CloseCode, reason: str) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._limits.close_timeout_seconds):
                await self._socket.close(code, reason)


class Session:
    """One accepted socket."""

    def __init__(
        self, connection: Connection, engine: Engine, limits: WebLimits, headers: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._limits = limits
        self._headers = headers
        self._tasks = asyncio.TaskGroup()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._initialised = asyncio.Event()
        self._identity: Principal | AuthError = missing()

    async def serve(self) -> None:
        """Returns when the client has left or the socket is closed; all operations have ended."""
        try:
            async with self._tasks:
                self._tasks.create_task(self._watch())
                # In the body: a group that only waits leaves this task marked as cancelled when a
                # member fails, and in early releases of 3.11 no timeout ends by itself in such a task.
                await self._read()
        except* ClientLeftError:
            pass
        except* SocketClosingError as closing:
            first = _first(closing)
            await self._connection.close(first.code, first.reason)
        except* Exception as bugs:
            logger.exception("a WebSocket ended unexpectedly", exc_info=bugs)
            await self._connection.close(CloseCode.INTERNAL, "Something went wrong on our side.")

    async def _read(self) -> None:
        while True:
            await self._handle(parse_message(await self._connection.receive()))

    async def _watch(self) -> None:
        """Ends sockets that do not initialise; pings the others and asks for their right to stay."""
        try:
            async with asyncio.timeout(self._limits.initialise_timeout_seconds):
                await self._initialised.wait()
        except TimeoutError as error:
            reason = "Connection initialisation timeout"
            raise SocketClosingError(CloseCode.INITIALISE_TIMEOUT, reason) from error
        while True:
            await asyncio.sleep(self._limits.ping_interval_seconds)
            ended = self._engine.recheck(self._identity)
            if ended is not None:
                raise SocketClosingError(CloseCode.FORBIDDEN, ended.message)
            await self._connection.send({"type": "ping"})

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case Initialise():
                await self._initialise(message)
            case Ping():
                await self._connection.send({"type": "pong"})
            case Pong():
                pass
            case Subscribe():
                await self._subscribe(message)
            case Complete():
                self._cancel(message.id)
            case _:
                assert_never(message)

    async def _initialise(self, message: Initialise) -> None:
        if self._initialised.is_set():
            reason = "Too many initialisation requests"
            raise SocketClosingError(CloseCode.TOO_MANY_INITIALISATIONS, reason)
        self._headers = _with_headers(message.payload, self._headers)
        identity = self._engine.authenticator.authenticate(self._headers.get("authorization"))
        if isinstance(identity, AuthError):
            is_missing = identity.code == AuthCode.MISSING
            code = CloseCode.UNAUTHORIZED if is_missing else CloseCode.FORBIDDEN
            raise SocketClosingError(code, identity.message)
        self._identity = identity
        self._initialised.set()
        await self._connection.send({"type": "connection_ack"})

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._initialised.is_set():
            raise SocketClosingError(CloseCode.UNAUTHORIZED, "Initialise the connection first.")
        if message.id in self._operations:
            reason = f"Subscriber for {message.id} already exists"
            raise SocketClosingError(CloseCode.DUPLICATE_ID, reason)
        scope = self._engine.scope(self._identity, headers=self._headers, transport="websocket")
        if len(self._operations) >= self._limits.subscriptions_per_socket_max:
            text = "This connection has too many operations: complete some first."
            error = plain_error(text, ErrorCode.STREAMS, request_id=scope.request_id)
            await self._connection.send({"id": message.id, "type": "error", "payload": [error]})
            return
        self._operations[message.id] = self._tasks.create_task(self._run(message, scope))

    async def _run(self, message: Subscribe, scope: OperationScope) -> None:
        last: dict[str, object] = {"id": message.id, "type": "complete"}
        try:
            errors = await self._send_outcomes(message, scope)
            if errors:
                last = {"id": message.id, "type": "error", "payload": errors}
        except (ClientLeftError, SocketClosingError):
            raise
        except Exception as error:  # noqa: BLE001 (one operation's fault ends no socket)
            shown = internal_error(error, request_id=scope.request_id)
            last = {"id": message.id, "type": "error", "payload": [shown]}
        finally:
            self._forget(message.id)
        await self._connection.send(last)

    async def _send_outcomes(
        self, message: Subscribe, scope: OperationScope
    ) -> list[dict[str, object]]:
        """Sends what executes; the errors of what does not end the operation."""
        async with aclosing(self._engine.stream(message.request, scope)) as outcomes:
            async for outcome in outcomes:
                if outcome.ended is not None:
                    raise SocketClosingError(CloseCode.FORBIDDEN, outcome.ended.message)
                if not outcome.has_data:
                    return outcome.errors
                await self._connection.send(_next(message.id, outcome))
        return []

    def _cancel(self, identifier: str) -> None:
        task = self._operations.pop(identifier, None)
        if task is not None:
            task.cancel()

    def _forget(self, identifier: str) -> None:
        """Frees an id, unless a cancelled operation's successor has it already."""
        if self._operations.get(identifier) is asyncio.current_task():
            del self._operations[identifier]


def _next(identifier: str, outcome: Outcome) -> dict[str, object]:
    return {"id": identifier, "type": "next", "payload": outcome.response()}


def _with_headers(payload: Mapping[str, object], headers: Mapping[str, str]) -> dict[str, str]:
    """The handshake's headers, and before them what the payload says, in whatever case."""
    said = {
        name.lower(): value
        for name, value in payload.items()
        if name.lower() in SAID_AT_ONCE and isinstance(value, str) and value
    }
    return {**headers, **said}


def _first(group: BaseExceptionGroup[SocketClosingError]) -> SocketClosingError:
    found = group.exceptions[0]
    return found if isinstance(found, SocketClosingError) else _first(found)
