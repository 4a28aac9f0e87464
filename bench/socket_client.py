"""A client of one user over one WebSocket: questions, answers and live events on the same line."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

_PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_LIVE: Final = "live"
_ANSWER_SECONDS_MAX: Final = 30.0
_UPDATES: Final = "subscription { transactionUpdates { type state sequence } }"


class Event(msgspec.Struct, frozen=True):
    """A live event, and when it arrived (Unix seconds)."""

    type: str
    state: str | None
    sequence: int | None
    arrived_at: float = 0.0


class _Updates(msgspec.Struct, rename="camel"):
    transaction_updates: Event


class _Result(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[dict[str, object]] = []


class _Frame(msgspec.Struct):
    type: str
    id: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")


_frames: Final = msgspec.json.Decoder(_Frame)
_results: Final = msgspec.json.Decoder(_Result)
_updates: Final = msgspec.json.Decoder(_Updates)


@dataclass(slots=True)
class SocketClient:
    """`events` has what came in, in its order."""

    socket: ClientConnection
    events: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)
    _waiting: "dict[str, asyncio.Future[msgspec.Raw]]" = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, document: str, **variables: object) -> msgspec.Raw:
        """The data of a query or mutation, undecoded."""
        identifier = str(next(self._numbers))
        answer = self._waiting[identifier] = asyncio.get_running_loop().create_future()
        await self.say("subscribe", {"query": document, "variables": variables}, identifier)
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            data: msgspec.Raw = await answer
        return data

    async def say(self, name: str, payload: object = None, identifier: str | None = None) -> None:
        message: dict[str, object] = {"type": name}
        if identifier is not None:
            message["id"] = identifier
        if payload is not None:
            message["payload"] = payload
        await self.socket.send(msgspec.json.encode(message).decode())

    async def read(self) -> None:
        """Hands out what comes in, for as long as the socket is open."""
        async for text in self.socket:
            arrived_at = time.time()
            frame = _frames.decode(text)
            if frame.type == "ping":
                await self.say("pong")
            elif frame.type == "error":
                raise RuntimeError(bytes(frame.payload).decode())
            elif frame.type == "next":
                self._take(frame, arrived_at)

    def _take(self, frame: _Frame, arrived_at: float) -> None:
        result = _results.decode(frame.payload)
        if result.errors:
            raise RuntimeError(str(result.errors))
        if frame.id != _LIVE:
            self._waiting.pop(frame.id).set_result(result.data)
            return
        event = _updates.decode(result.data).transaction_updates
        self.events.put_nowait(msgspec.structs.replace(event, arrived_at=arrived_at))


@asynccontextmanager
async def signed_in(url: str, token: str) -> AsyncIterator[SocketClient]:
    """A client that hears all of its user's transactions."""
    async with connect(url, subprotocols=[_PROTOCOL], proxy=None, compression=None) as socket:
        client = SocketClient(socket)
        await client.say("connection_init", {"Authorization": f"Bearer {token}"})
        assert _frames.decode(await socket.recv()).type == "connection_ack"
        await client.say("subscribe", {"query": _UPDATES}, _LIVE)
        # Messages are taken in order: once our ping is answered, the subscription has begun.
        await client.say("ping")
        while _frames.decode(await socket.recv()).type != "pong":
            pass
        reading = asyncio.create_task(client.read())
        try:
            yield client
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            if not reading.cancelled():
                reading.result()
