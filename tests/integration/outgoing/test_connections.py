"""The outgoing client's connections, to a server on this machine."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from infrastructure import http, http_connections
from infrastructure.http import HttpClient, HttpTimeout, HttpUnavailable

PIECE_BYTES = 65_536
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"
_packed = gzip.compress(b"ok")
PACKED = (
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(_packed)
) + _packed


@dataclass(slots=True)
class Server:
    """Says `answer` to each request; hangs up behind it where it `ends`."""

    answer: bytes = PLAIN
    ends: bool = False
    connections: list[asyncio.StreamWriter] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    serving: list["asyncio.Task[None]"] = field(default_factory=list)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        self.serving.append(asyncio.create_task(self._serve(reader, writer)))

    async def close(self) -> None:
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                piece = await reader.read(PIECE_BYTES)
                if not piece:
                    break
                self.pieces.append(piece)
                await self.gate.wait()
                writer.write(self.answer)
                if self.ends:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def serving(**how: object) -> AsyncIterator[tuple[Server, HttpClient]]:
    server = Server(**how)  # type: ignore[arg-type]  # as the dataclass names them
    server.gate.set()
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        async with HttpClient() as client:
            yield server, client
    finally:
        listener.close()
        await server.close()
        await listener.wait_closed()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  any condition, of any object
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, PACKED], ids=["plain", "chunked", "packed"])
async def test_one_request_after_another_takes_one_connection(answer: bytes) -> None:
    async with serving(answer=answer) as (server, client):
        bodies = [(await client.request("GET", server.url)).body for _ in range(3)]

    assert bodies == [b"ok"] * 3
    assert len(server.connections) == 1


@pytest.mark.parametrize("how", [{"answer": LAST}, {"ends": True}], ids=["said", "unsaid"])
async def test_a_connection_that_its_server_has_closed_serves_no_more(
    how: dict[str, object],
) -> None:
    async with serving(**how) as (server, client):
        for number in range(3):
            assert (await client.request("POST", server.url)).body == b"ok"
            closed = server.connections[number]
            await closed.wait_closed()

    assert len(server.connections) == 3


async def test_what_comes_at_once_goes_over_so_many_connections_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_connections, "CONNECTIONS_MAX", 4)
    monkeypatch.setattr(http_connections, "KEPT_CONNECTIONS_MAX", 2)
    async with serving() as (server, client):
        server.gate.clear()
        served = [asyncio.create_task(client.request("GET", server.url)) for _ in range(4)]
        await _until(lambda: len(server.pieces) == len(served))
        monkeypatch.setattr(http, "CONNECT_TIMEOUT_SECONDS", 0.05)
        with pytest.raises(HttpUnavailable):
            await client.request("GET", server.url)
        server.gate.set()
        answers = await asyncio.gather(*served)

        assert [answer.body for answer in answers] == [b"ok"] * 4
        assert len(server.connections) == len(served)
        await _until(lambda: sum(each.is_closing() for each in server.connections) == 2)


async def test_nobody_there_and_an_answer_that_breaks_off_are_told_apart() -> None:
    async with serving(answer=CUT, ends=True) as (server, client):
        with pytest.raises(HttpTimeout):
            await client.request("POST", server.url)
        url = server.url
    async with HttpClient() as client:
        with pytest.raises(HttpUnavailable):
            await client.request("POST", url)


async def test_an_answer_that_nobody_waits_for_is_no_other_requests() -> None:
    async with serving() as (server, client):
        server.gate.clear()
        given_up = asyncio.create_task(client.request("GET", server.url))
        await _until(lambda: len(server.pieces) == 1)
        given_up.cancel()
        await asyncio.wait([given_up])
        server.gate.set()
        server.answer = LAST.replace(b"ok", b"42")

        assert (await client.request("GET", server.url)).body == b"42"
        assert len(server.connections) == 2


async def test_who_has_a_name_in_their_address_says_it() -> None:
    async with serving() as (server, client):
        await client.request("GET", server.url.replace("//", "//us:er@"))

    assert b"\r\nauthorization: basic " in server.pieces[0].lower()
    assert b"us:er" not in server.pieces[0]


async def test_a_request_arrives_in_one_piece() -> None:
    async with serving() as (server, client):
        for body in (b"{}", b"[]"):
            await client.request("POST", server.url, content=body)

    assert [piece[-6:] for piece in server.pieces] == [b"\r\n\r\n{}", b"\r\n\r\n[]"]
