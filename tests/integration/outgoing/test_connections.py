"""The outgoing client's connections, to a server on this machine."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from infrastructure import http, http_connections
from infrastructure.http import HttpClient, HttpTimeout, HttpUnavailable
from infrastructure.http_connections import CONNECTIONS_MAX

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
    heads: list[bytes] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self.gate.wait()
                writer.write(self.answer)
                if self.ends:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(**how: object) -> AsyncIterator[tuple[Server, HttpClient]]:
    server = Server(**how)  # type: ignore[arg-type]  # as the dataclass names them
    server.gate.set()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with HttpClient() as client:
        yield server, client
    listener.close()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
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
    monkeypatch.setattr(http_connections, "KEPT_CONNECTIONS_MAX", 2)
    monkeypatch.setattr(http, "CONNECT_TIMEOUT_SECONDS", 0.05)
    async with serving() as (server, client):
        server.gate.clear()
        requests = [
            asyncio.create_task(client.request("GET", server.url))
            for _ in range(CONNECTIONS_MAX + 5)
        ]
        await _until(lambda: len(server.heads) == CONNECTIONS_MAX)
        waited = await asyncio.gather(*requests[CONNECTIONS_MAX:], return_exceptions=True)
        server.gate.set()
        answers = await asyncio.gather(*requests[:CONNECTIONS_MAX])

        assert {type(each) for each in waited} == {HttpUnavailable}
        assert {answer.body for answer in answers} == {b"ok"}
        assert len(server.connections) == CONNECTIONS_MAX
        for writer in server.connections[:-2]:
            await _until(writer.is_closing)


async def test_nobody_there_and_an_answer_that_breaks_off_are_told_apart() -> None:
    async with serving(answer=CUT, ends=True) as (server, client):
        with pytest.raises(HttpTimeout):
            await client.request("POST", server.url)
        url = server.url
    async with HttpClient() as client:
        with pytest.raises(HttpUnavailable):
            await client.request("POST", url)


async def test_an_answer_that_comes_too_late_is_no_other_requests() -> None:
    async with serving() as (server, client):
        server.gate.clear()
        with pytest.raises(HttpTimeout):
            await client.request("GET", server.url, timeout_seconds=0.05)
        server.gate.set()
        server.answer = LAST.replace(b"ok", b"42")

        assert (await client.request("GET", server.url)).body == b"42"
        assert len(server.connections) == 2


async def test_who_has_a_name_in_their_address_says_it() -> None:
    async with serving() as (server, client):
        await client.request("GET", server.url.replace("//", "//us:er@"))

    assert b"\r\nauthorization: basic " in server.heads[0].lower()
    assert b"us:er" not in server.heads[0]
