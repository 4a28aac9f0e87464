import asyncio
from collections.abc import MutableMapping
from datetime import timedelta

import orjson
import pytest

from infrastructure.web.limits import WebLimits
from tests.unit.web.driver import Service

COMPLETE = "event: complete\ndata: "
SHORT = 0.02


@pytest.fixture
def service() -> Service:
    return Service()


async def events(service: Service, query: str, **headers: str) -> list[str]:
    response = await service.post({"query": query}, accept="text/event-stream", **headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "\r" not in response.text
    *found, rest = response.text.split("\n\n")
    assert rest == ""
    return found


async def test_a_subscription_is_streamed(service: Service) -> None:
    assert await events(service, "subscription { count(to: 2) }") == [
        'event: next\ndata: {"data":{"count":0}}',
        'event: next\ndata: {"data":{"count":1}}',
        COMPLETE,
    ]


async def test_queries_are_streams_of_one(service: Service) -> None:
    assert await events(service, "{ hello }") == [
        'event: next\ndata: {"data":{"hello":"hello world"}}',
        COMPLETE,
    ]


@pytest.mark.parametrize("query", ["subscription { failing }", "subscription { unencodable }"])
async def test_failures_are_masked(service: Service, query: str) -> None:
    *_, failed, complete = await events(service, query)

    assert "SYS_INTERNAL" in failed
    assert "hunter2" not in failed
    assert complete == COMPLETE


async def test_what_does_not_execute_is_reported_in_the_stream(service: Service) -> None:
    failed, complete = await events(service, "subscription { nothing }")

    assert "VAL_REQUEST" in failed
    assert '"data"' not in failed
    assert complete == COMPLETE


async def test_a_body_that_is_no_request_gets_no_stream(service: Service) -> None:
    response = await service.post(b"5", accept="text/event-stream")

    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/json")


async def test_mutations_over_get_are_refused(service: Service) -> None:
    async with service.client() as client:
        response = await client.get(
            "/graphql",
            params={"query": 'mutation { put(key: 1, value: "x") }'},
            headers={"accept": "text/event-stream"},
        )

    assert "mutations are not allowed" in response.text
    assert service.world.values == {1: "one"}


class Reader:
    """A client of one event stream that reads, stalls or leaves as told."""

    def __init__(self, service: Service, query: str) -> None:
        self.chunks: asyncio.Queue[str] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.left = asyncio.Event()
        self.is_whole = False
        self._body = orjson.dumps({"query": query})
        self._is_sent = False
        headers = {
            "accept": "text/event-stream",
            "content-type": "application/json",
            "authorization": service.bearer(),
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
        self.server = asyncio.create_task(service.app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, object]:
        if self._is_sent:
            await self.left.wait()
            return {"type": "http.disconnect"}
        self._is_sent = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: MutableMapping[str, object]) -> None:
        await self.reading.wait()
        body = message.get("body")
        self.is_whole = body is not None and not message.get("more_body")
        if isinstance(body, bytes) and body:
            self.chunks.put_nowait(body.decode())

    async def read(self) -> str:
        return await asyncio.wait_for(self.chunks.get(), 5)

    async def ended(self) -> None:
        await asyncio.wait_for(self.server, 5)


async def test_quiet_streams_have_a_heartbeat() -> None:
    service = Service(limits=WebLimits(heartbeat_interval_seconds=SHORT))
    reader = Reader(service, "subscription { live }")

    assert [await reader.read(), await reader.read()] == [": ping\n\n"] * 2

    service.world.items.put_nowait(5)
    chunk = await reader.read()
    while chunk == ": ping\n\n":
        chunk = await reader.read()
    assert chunk == 'event: next\ndata: {"data":{"live":5}}\n\n'
    reader.left.set()
    await reader.ended()


async def test_a_leaving_client_ends_the_operation(service: Service) -> None:
    reader = Reader(service, "subscription { live }")
    service.world.items.put_nowait(5)
    await reader.read()

    reader.left.set()

    await reader.ended()
    assert service.world.cleaned_up == 1


async def test_a_client_that_stops_reading_is_dropped() -> None:
    service = Service(limits=WebLimits(send_timeout_seconds=SHORT))
    reader = Reader(service, "subscription { live }")
    service.world.items.put_nowait(5)
    await reader.read()

    reader.reading.clear()
    service.world.items.put_nowait(6)

    await reader.ended()
    assert service.world.cleaned_up == 1


async def test_where_the_server_stops_the_stream_ends_but_is_not_complete(
    service: Service,
) -> None:
    reader = Reader(service, "subscription { live }")
    service.world.items.put_nowait(5)
    await reader.read()

    reader.server.cancel()

    await reader.ended()
    assert reader.is_whole
    assert reader.chunks.empty()
    assert service.world.cleaned_up == 1


async def test_no_event_is_delivered_after_the_token_ended(service: Service) -> None:
    reader = Reader(service, "subscription { live }")
    service.world.items.put_nowait(5)
    await reader.read()

    service.clock.advance(timedelta(days=1))
    service.world.items.put_nowait(6)

    assert "AUTH_EXPIRED" in await reader.read()
    assert await reader.read() == COMPLETE + "\n\n"
    await reader.ended()


async def test_an_idle_stream_ends_with_its_token() -> None:
    service = Service(limits=WebLimits(heartbeat_interval_seconds=SHORT))
    reader = Reader(service, "subscription { live }")
    await reader.read()

    service.clock.advance(timedelta(days=1))

    chunk = await reader.read()
    while chunk == ": ping\n\n":
        chunk = await reader.read()
    assert "AUTH_EXPIRED" in chunk
    assert await reader.read() == COMPLETE + "\n\n"
    await reader.ended()
