"""Clients that listen to the real platform: one of graphql-transport-ws, one of event streams."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.integration.api.client import Json, Person

PROTOCOL: Final = Subprotocol("graphql-transport-ws")
MARKS: Final = "cursor sequence type kind state subState occurredAt resync"
TRANSACTIONS: Final = f"""subscription ($id: ID, $after: String) {{
  transactionUpdates(id: $id, after: $after) {{ {MARKS} transaction {{ id state }} }} }}"""
WALLET: Final = f"""subscription ($after: String) {{ walletUpdates(after: $after) {{
  {MARKS} transaction {{ id }} wallet {{ available {{ posted reserved spendable }} }} }} }}"""
STRATEGIES: Final = f"""subscription ($after: String) {{ strategyUpdates(after: $after) {{
  {MARKS} positionId news value transaction {{ id }} positions {{ id profit }} }} }}"""
_SECONDS_MAX: Final = 20.0


class Closed(Exception):
    """The server ended the socket, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Line:
    """One operation on a socket: what the server says of it."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Json] = asyncio.Queue()

    async def message(self) -> Json:
        """The next message of the operation; raises `Closed` where the socket has ended."""
        async with asyncio.timeout(_SECONDS_MAX):
            message = await self.messages.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def item(self) -> Json:
        """What the next `next` shows at its one field."""
        message = await self.message()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (item,) = message["payload"]["data"].values()
        return item

    async def until(self, type_name: str) -> list[Json]:
        """Items up to the first of a type."""
        items = [await self.item()]
        while items[-1]["type"] != type_name:
            items.append(await self.item())
        return items

    async def quiet(self) -> bool:
        """Whether nothing more has come by now."""
        await asyncio.sleep(0.2)
        return self.messages.empty()


class Socket:
    """A socket with any number of operations."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._lines: dict[str, Line] = {}
        self._numbers = itertools.count(1)
        self.texts: list[str] = []

    async def subscribe(self, document: str, **variables: object) -> Line:
        identifier = str(next(self._numbers))
        line = self._lines[identifier] = Line()
        payload = {"query": document, "variables": variables}
        await self.say({"type": "subscribe", "id": identifier, "payload": payload})
        return line

    async def say(self, message: Mapping[str, object]) -> None:
        await self._connection.send(json.dumps(message))

    async def read(self) -> None:
        """Hands each message to its operation, for as long as the socket is open."""
        try:
            async for text in self._connection:
                assert isinstance(text, str)
                self.texts.append(text)
                message = json.loads(text)
                if message["type"] == "ping":
                    await self.say({"type": "pong"})
                elif "id" in message:
                    self._lines[message["id"]].messages.put_nowait(message)
        except ConnectionClosed:
            pass
        for line in self._lines.values():
            line.messages.put_nowait(Closed(self._connection.close_code or 1006))


@asynccontextmanager
async def socket_of(person: Person, *, language: str = "en") -> AsyncIterator[Socket]:
    """An initialised socket; raises `Closed` where the server does not take the person."""
    async with connect(
        person.ready.subscriptions,
        subprotocols=[PROTOCOL],
        additional_headers={"accept-language": language},
        proxy=None,
    ) as connection:
        payload = {"Authorization": person.headers.get("authorization", "")}
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        try:
            answer = json.loads(await connection.recv())
        except ConnectionClosed:
            raise Closed(connection.close_code or 1006) from None
        assert answer == {"type": "connection_ack"}
        socket = Socket(connection)
        reading = asyncio.create_task(socket.read())
        try:
            yield socket
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            if not reading.cancelled():
                reading.result()


class EventStream:
    """What the server sends, whole in `raw`."""

    def __init__(self, chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        self._chunks = chunks
        self._waiting = b""
        self.headers = headers
        self.raw = b""

    async def event(self) -> tuple[str, Json]:
        """The name and the data of the next event that is no comment."""
        while True:
            text = (await self._block()).decode()
            fields = dict(line.split(": ", 1) for line in text.split("\n") if line[0] != ":")
            if fields:
                return fields["event"], json.loads(fields["data"] or "null")

    async def item(self) -> Json:
        name, data = await self.event()
        assert name == "next"
        assert "errors" not in data, data
        (item,) = data["data"].values()
        return item

    async def until(self, type_name: str) -> list[Json]:
        items = [await self.item()]
        while items[-1]["type"] != type_name:
            items.append(await self.item())
        return items

    async def _block(self) -> bytes:
        async with asyncio.timeout(_SECONDS_MAX):
            while b"\n\n" not in self._waiting:
                chunk = await anext(self._chunks)
                self.raw += chunk
                self._waiting += chunk
        block, _, self._waiting = self._waiting.partition(b"\n\n")
        return block


@asynccontextmanager
async def events_of(
    person: Person, document: str, *, language: str = "en", **variables: object
) -> AsyncIterator[EventStream]:
    """The event stream of one operation."""
    headers = {**person.headers, "accept": "text/event-stream", "accept-language": language}
    body = {"query": document, "variables": variables}
    async with person.http.stream(
        "POST", person.ready.graphql, json=body, headers=headers
    ) as answer:
        assert answer.status_code == 200
        yield EventStream(answer.aiter_raw(), answer.headers)
