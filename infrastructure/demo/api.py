"""An ordinary client of the GraphQL API: HTTP for questions, graphql-transport-ws for news."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from infrastructure.http import HttpClient, HttpError

ANSWER_SECONDS_MAX: Final = 10.0
_PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_OPERATION: Final = "1"

Data = TypeVar("Data")


class ApiError(Exception):
    """The API does not answer, or answers what nobody asked; the message is one line."""


class _Fault(msgspec.Struct):
    message: str


class _Answer(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[_Fault] = []


class _Message(msgspec.Struct):
    type: str
    payload: msgspec.Raw = msgspec.Raw(b"null")


class Api:
    """One signed-in user at one endpoint."""

    def __init__(self, client: HttpClient, *, url: str, live_url: str, token: str) -> None:
        self.client = client
        self._url = url
        self._live_url = live_url
        self._authorization = f"Bearer {token}"

    async def ask(self, document: str, kind: type[Data], **variables: object) -> Data:
        """The data of a query or mutation; raises ApiError."""
        headers = {"content-type": "application/json", "authorization": self._authorization}
        body = msgspec.json.encode({"query": document, "variables": variables})
        try:
            answer = await self.client.request("POST", self._url, content=body, headers=headers)
        except HttpError as error:
            raise ApiError(f"{self._url} does not answer: {error}") from None
        return _data(answer.body, kind)

    @asynccontextmanager
    async def news(self, document: str, kind: type[Data]) -> AsyncIterator[AsyncIterator[Data]]:
        """What a subscription tells, from the moment that the block is entered."""
        try:
            async with connect(
                self._live_url,
                subprotocols=[_PROTOCOL],
                proxy=None,
                open_timeout=ANSWER_SECONDS_MAX,
            ) as socket:
                await self._greet(socket)
                yield await _subscribe(socket, document, kind)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise ApiError(f"{self._live_url}: {type(error).__name__} {error}") from None

    async def _greet(self, socket: ClientConnection) -> None:
        await _say(socket, "connection_init", {"Authorization": self._authorization})
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            answer = await _hear(socket)
        if answer.type != "connection_ack":
            raise ApiError(f"the connection was answered with {answer.type}")


async def _subscribe(
    socket: ClientConnection, document: str, kind: type[Data]
) -> AsyncGenerator[Data, None]:
    """Messages are taken in order: once our ping is answered, the subscription has begun."""
    await _say(socket, "subscribe", {"query": document}, identifier=_OPERATION)
    await _say(socket, "ping")
    early = []
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while (message := await _hear(socket)).type != "pong":
            early.append(message)
    return _items(socket, early, kind)


async def _items(
    socket: ClientConnection, early: list[_Message], kind: type[Data]
) -> AsyncGenerator[Data, None]:
    while True:
        message = early.pop(0) if early else await _hear(socket)
        match message.type:
            case "next":
                yield _data(message.payload, kind)
            case "ping":
                await _say(socket, "pong")
            case "error":
                faults = msgspec.json.decode(message.payload, type=list[_Fault])
                raise ApiError("; ".join(fault.message for fault in faults))
            case "complete":
                return
            case _:
                pass


async def _say(
    socket: ClientConnection,
    name: str,
    payload: Mapping[str, object] | None = None,
    *,
    identifier: str | None = None,
) -> None:
    message: dict[str, object] = {"type": name}
    if identifier is not None:
        message["id"] = identifier
    if payload is not None:
        message["payload"] = payload
    await socket.send(msgspec.json.encode(message).decode())


async def _hear(socket: ClientConnection) -> _Message:
    return msgspec.json.decode(await socket.recv(), type=_Message)


def _data(body: bytes | msgspec.Raw, kind: type[Data]) -> Data:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        if answer.errors:
            raise ApiError("; ".join(fault.message for fault in answer.errors))
        return msgspec.json.decode(answer.data, type=kind)
    except msgspec.MsgspecError as error:
        raise ApiError(f"an answer that is not understood: {error}") from None
