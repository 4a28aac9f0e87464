import asyncio
import logging
from datetime import timedelta

import pytest

from infrastructure.web.limits import WebLimits
from tests.unit.web.driver import Service, Socket

SHORT = 0.02


@pytest.fixture
def service() -> Service:
    return Service()


def only_error(message: dict[str, object]) -> dict[str, object]:
    payload = message["payload"]
    assert message["type"] == "error"
    assert isinstance(payload, list)
    extensions = payload[0]["extensions"]
    assert isinstance(extensions, dict)
    return extensions


async def cleaned_up(service: Service) -> None:
    await asyncio.wait_for(service.world.cleaned_up_once.wait(), 5)


async def test_a_completed_subscription_is_cleaned_up_and_its_id_free(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "subscription { live }")
        service.world.items.put_nowait(7)
        assert (await socket.read())["payload"] == {"data": {"live": 7}}

        socket.send({"id": "1", "type": "complete"})
        socket.subscribe("1", "{ hello }")

        assert (await socket.read())["payload"] == {"data": {"hello": "hello world"}}
        await cleaned_up(service)


async def test_completing_an_unknown_id_is_no_error(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.send({"id": "unknown", "type": "complete"})
        socket.send({"type": "ping"})

        assert await socket.read() == {"type": "pong"}


async def test_a_leaving_client_ends_its_operations(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        for number in range(3):
            socket.subscribe(str(number), "subscription { live }")
        for number in range(3):
            service.world.items.put_nowait(number)
            await socket.read()

    assert service.world.cleaned_up == 3


async def test_operations_of_a_socket_are_bounded() -> None:
    service = Service(limits=WebLimits(subscriptions_per_socket_max=1))
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "subscription { live }")
        socket.subscribe("2", "subscription { live }")

        refused = await socket.read()
        service.world.items.put_nowait(1)
        going_on = await socket.read()

    assert only_error(refused)["code"] == "VAL_TOO_MANY_SUBSCRIPTIONS"
    assert going_on["id"] == "1"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "VAL_SYNTAX"),
        ("subscription { nothing }", "VAL_REQUEST"),
        ("query A { hello } query B { hello }", "VAL_OPERATION"),
        ("{ hello " * 40 + "}" * 40, "VAL_QUERY_LIMIT"),
        ("{ half }", "VAL_REQUEST"),
    ],
)
async def test_what_does_not_execute_is_an_error_of_its_operation(
    service: Service, query: str, code: str
) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", query)
        assert only_error(await socket.read())["code"] in {code, "VAL_REQUEST"}

        socket.send({"type": "ping"})
        assert await socket.read() == {"type": "pong"}


@pytest.mark.parametrize("query", ["failing", "unencodable"])
async def test_a_failing_stream_is_masked_and_spares_the_socket(
    service: Service, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        with caplog.at_level(logging.ERROR):
            socket.subscribe("1", f"subscription {{ {query} }}")
            message = await socket.read()
            while message["type"] == "next":
                message = await socket.read()
        socket.send({"type": "ping"})

        assert only_error(message)["code"] == "SYS_INTERNAL"
        assert "hunter2" not in str(message)
        assert await socket.read() == {"type": "pong"}


async def test_sockets_are_pinged() -> None:
    service = Service(limits=WebLimits(ping_interval_seconds=SHORT))
    async with service.socket() as socket:
        await socket.initialise(service)

        assert [await socket.read(), await socket.read()] == [{"type": "ping"}] * 2


async def test_an_idle_socket_ends_with_its_token() -> None:
    service = Service(limits=WebLimits(ping_interval_seconds=SHORT))
    async with service.socket() as socket:
        await socket.initialise(service)
        service.clock.advance(timedelta(days=1))

        message = await socket.read()
        while message == {"type": "ping"}:
            message = await socket.read()

    assert message == {"close": 4403}


async def test_no_event_is_delivered_after_the_token_ended(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "subscription { live }")
        service.world.items.put_nowait(1)
        assert (await socket.read())["type"] == "next"

        service.revoked.add("u1")
        service.world.items.put_nowait(2)

        assert await socket.read() == {"close": 4403}
        await cleaned_up(service)


async def test_a_client_that_stops_reading_is_dropped() -> None:
    service = Service(limits=WebLimits(send_timeout_seconds=SHORT, close_timeout_seconds=SHORT))
    socket = Socket()
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "subprotocols": ["graphql-transport-ws"],
    }
    server = asyncio.create_task(service.app(scope, socket.receive, socket.transmit))
    await socket.initialise(service)
    socket.subscribe("1", "subscription { live }")
    service.world.items.put_nowait(1)
    await socket.read()

    socket.reading.clear()
    service.world.items.put_nowait(2)

    await asyncio.wait_for(server, 5)
    assert service.world.cleaned_up == 1


async def test_cancelling_the_server_ends_all_operations(service: Service) -> None:
    socket = Socket()
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "subprotocols": ["graphql-transport-ws"],
    }
    server = asyncio.create_task(service.app(scope, socket.receive, socket.transmit))
    await socket.initialise(service)
    socket.subscribe("1", "subscription { live }")
    service.world.items.put_nowait(1)
    await socket.read()

    server.cancel()

    with pytest.raises(asyncio.CancelledError):
        await server
    assert service.world.cleaned_up == 1
