from datetime import timedelta

import pytest

from infrastructure.web.limits import WebLimits
from tests.unit.web.driver import Service

SHORT = 0.02


@pytest.fixture
def service() -> Service:
    return Service()


async def test_a_subscription_runs_to_its_end(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "subscription { count(to: 2) }")

        assert [await socket.read() for _ in range(3)] == [
            {"id": "1", "type": "next", "payload": {"data": {"count": 0}}},
            {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "1", "type": "complete"},
        ]


async def test_frames_are_text(service: Service) -> None:
    async with service.socket() as socket:
        socket.send({"type": "ping"})

        assert (await socket.raw())["subprotocol"] == "graphql-transport-ws"
        assert await socket.raw() == {"type": "websocket.send", "text": '{"type":"pong"}'}


async def test_queries_and_mutations_run_over_sockets(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "query Q($n: String!) { hello(name: $n) }", n="you")

        assert await socket.read() == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"hello": "hello you"}},
        }
        assert await socket.read() == {"id": "1", "type": "complete"}


async def test_loaders_live_as_long_as_their_operation(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        answers = []
        for identifier, document in enumerate(
            ["{ value(key: 1) }", 'mutation { put(key: 1, value: "new") }', "{ value(key: 1) }"]
        ):
            socket.subscribe(str(identifier), document)
            answers.append((await socket.read())["payload"])
            await socket.read()

    assert answers[0] == {"data": {"value": "one"}}
    assert answers[2] == {"data": {"value": "new"}}
    assert service.world.loaders_made == 3


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (None, 4401),
        ({}, 4401),
        ({"Authorization": ""}, 4401),
        ({"Authorization": 5}, 4401),
        ({"Authorization": "Bearer nonsense"}, 4403),
        ({"authorization": "Basic dXNlcjpwYXNz"}, 4403),
        (5, 4400),
        ([], 4400),
        ("text", 4400),
    ],
)
async def test_initialisation_is_refused_with_its_code(
    service: Service, payload: object, expected: int
) -> None:
    async with service.socket() as socket:
        socket.send({"type": "connection_init", "payload": payload})

        assert await socket.read() == {"close": expected}


async def test_the_handshake_header_also_signs_in(service: Service) -> None:
    async with service.socket(headers={"authorization": service.bearer()}) as socket:
        socket.send({"type": "connection_init", "payload": None})

        assert await socket.read() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    ("payload", "language"),
    [({"Accept-Language": "de"}, "de"), ({"accept-language": 5}, "es"), ({}, "es")],
)
async def test_the_language_is_the_payloads_before_the_handshakes(
    service: Service, payload: dict[str, object], language: str
) -> None:
    async with service.socket(headers={"accept-language": "es"}) as socket:
        signed_in = {"Authorization": service.bearer(), **payload}
        socket.send({"type": "connection_init", "payload": signed_in})
        await socket.read()
        socket.subscribe("1", "{ hello }")
        await socket.read()

        assert [scope.accept_language for scope in service.world.scopes] == [language]


async def test_an_expired_token_is_forbidden(service: Service) -> None:
    bearer = service.bearer()
    service.clock.advance(timedelta(days=1))
    async with service.socket() as socket:
        socket.send({"type": "connection_init", "payload": {"Authorization": bearer}})

        assert await socket.read() == {"close": 4403}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "5",
        "null",
        "[]",
        '"ping"',
        "{}",
        '{"type": null}',
        '{"type": 5}',
        '{"type": "start"}',
        '{"type": "ping", "payload": 5}',
        '{"type": "pong", "payload": []}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "operationName": 5}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": 5, "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": null, "payload": {"query": "{ hello }"}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 5}',
        "[" * 100_000,
    ],
)
async def test_malformed_messages_close_with_4400(service: Service, text: str) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.send_text(text)

        assert await socket.read() == {"close": 4400}


@pytest.mark.parametrize("payload", [None, {}, {"anything": 1}])
async def test_pings_may_carry_objects_or_null(service: Service, payload: object) -> None:
    async with service.socket() as socket:
        socket.send({"type": "ping", "payload": payload})
        socket.send({"type": "pong", "payload": payload})
        socket.send({"type": "ping"})

        assert [await socket.read(), await socket.read()] == [{"type": "pong"}] * 2


async def test_null_parameters_are_absent_ones(service: Service) -> None:
    payload = {"query": "{ hello }", "variables": None, "operationName": None, "extensions": None}
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.send({"id": "1", "type": "subscribe", "payload": payload})

        assert (await socket.read())["payload"] == {"data": {"hello": "hello world"}}


async def test_binary_messages_close_with_4400(service: Service) -> None:
    async with service.socket() as socket:
        socket.send_bytes(b'{"type": "ping"}')

        assert await socket.read() == {"close": 4400}


async def test_long_messages_close_with_1009() -> None:
    service = Service(limits=WebLimits(message_length_max=100))
    async with service.socket() as socket:
        socket.send({"type": "ping", "payload": {"x": "y" * 100}})

        assert await socket.read() == {"close": 1009}


async def test_subscribing_before_the_acknowledgement_is_unauthorised(service: Service) -> None:
    async with service.socket() as socket:
        socket.subscribe("1", "{ hello }")

        assert await socket.read() == {"close": 4401}


async def test_a_second_initialisation_closes_with_4429(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.send({"type": "connection_init"})

        assert await socket.read() == {"close": 4429}


async def test_a_used_id_closes_with_4409(service: Service) -> None:
    async with service.socket() as socket:
        await socket.initialise(service)
        socket.subscribe("1", "subscription { live }")
        socket.subscribe("1", "subscription { live }")

        assert await socket.read() == {"close": 4409}


async def test_silence_closes_with_4408() -> None:
    service = Service(limits=WebLimits(initialise_timeout_seconds=SHORT))
    async with service.socket() as socket:
        assert await socket.read() == {"close": 4408}


@pytest.mark.parametrize("offered", [(), ("graphql-ws",)])
async def test_other_subprotocols_close_with_4406(
    service: Service, offered: tuple[str, ...]
) -> None:
    async with service.socket(subprotocols=offered) as socket:
        assert await socket.read() == {"close": 4406}


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://test", True),
        ("https://console.example", True),
        ("https://evil.example", False),
        ("null", False),
    ],
)
async def test_only_pages_of_known_origins_connect(origin: str, *, is_allowed: bool) -> None:
    service = Service(allowed_origins=("https://console.example",))
    async with service.socket(headers={"origin": origin, "host": "test"}) as socket:
        first = await socket.raw()

    assert first["type"] == ("websocket.accept" if is_allowed else "websocket.close")
