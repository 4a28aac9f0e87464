import asyncio
from collections.abc import AsyncIterator

import pytest

from infrastructure.web.limits import WebLimits
from infrastructure.web.negotiation import negotiate
from tests.unit.web.driver import Service, codes

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture
def service() -> Service:
    return Service()


async def test_post_answers_in_the_accepted_type(service: Service) -> None:
    response = await service.post({"query": "{ hello }"})

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.json() == {"data": {"hello": "hello world"}}


async def test_get_answers_queries_with_variables(service: Service) -> None:
    async with service.client() as client:
        response = await client.get(
            "/graphql",
            params={
                "query": "query Q($n: String!) { hello(name: $n) }",
                "variables": '{"n": "you"}',
            },
        )

    assert response.json() == {"data": {"hello": "hello you"}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};charset=utf-8", GRAPHQL),
        ("text/event-stream", "text/event-stream"),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=x", None),
    ],
)
def test_negotiation(accept: str | None, expected: str | None) -> None:
    assert negotiate(accept) == expected


async def test_an_unacceptable_type_is_refused(service: Service) -> None:
    response = await service.post({"query": "{ hello }"}, accept="image/png")

    assert response.status_code == 406
    assert codes(response.json()) == ["VAL_MEDIA_TYPE"]


async def test_get_refuses_mutations(service: Service) -> None:
    async with service.client() as client:
        response = await client.get(
            "/graphql", params={"query": 'mutation { put(key: 1, value: "x") }'}
        )

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert service.world.values == {1: "one"}


async def test_other_methods_are_refused(service: Service) -> None:
    async with service.client() as client:
        response = await client.delete("/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"5",
        b"null",
        b"[]",
        b'"text"',
        b"",
        b"{",
        b'\xff\xfe{"query": "{ hello }"}',
        b'{"query": "\xff"}',
        b"[" * 100_000,
        b'{"query":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
        b'{"query": 5}',
        b'{"query": null}',
        b'{"query": " "}',
        b'{"qeury": "{ hello }"}',
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "variables": "x"}',
        b'{"query": "{ hello }", "operationName": {}}',
        b'{"query": "{ hello }", "extensions": 1}',
        b'{"query": "{ hello }", "variables": NaN}',
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_what_is_no_request_is_400(service: Service, body: bytes, accept: str) -> None:
    response = await service.post(body, accept=accept)

    assert response.status_code == 400
    assert codes(response.json()) == ["VAL_REQUEST"]
    assert "data" not in response.json()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "VAL_SYNTAX"),
        ("{ nothing }", "VAL_REQUEST"),
        ("query Q($of: Int!) { half(of: $of) }", "VAL_REQUEST"),
        ("query A { hello } query B { hello }", "VAL_OPERATION"),
        ("fragment F on Query { hello }", "VAL_OPERATION"),
        ("{ person " + "{ friend " * 150 + "{ name }" + "}" * 151, "VAL_QUERY_LIMIT"),
        ("{ hello " + "# x\n" * 300 + "}", "VAL_SYNTAX"),
        ("{ hello " + "__typename " * 5_000 + "}", "VAL_SYNTAX"),
    ],
)
async def test_what_does_not_execute_has_no_data(service: Service, query: str, code: str) -> None:
    strict = await service.post({"query": query})
    legacy = await service.post({"query": query}, accept=JSON)

    assert (strict.status_code, legacy.status_code) == (400, 200)
    assert set(codes(strict.json())) == {code}
    assert "data" not in strict.json()
    assert "data" not in legacy.json()


async def test_a_very_deep_document_is_400(service: Service) -> None:
    response = await service.post({"query": "{ person " * 400 + "}" * 400})

    assert response.status_code == 400
    assert "data" not in response.json()


async def test_the_named_one_of_two_operations_runs(service: Service) -> None:
    query = 'query A { hello } query B { hello(name: "B") }'

    response = await service.post({"query": query, "operationName": "B"})
    unknown = await service.post({"query": query, "operationName": "C"})

    assert response.json() == {"data": {"hello": "hello B"}}
    assert unknown.status_code == 400


async def test_null_parameters_are_absent_ones(service: Service) -> None:
    nulls = {"variables": None, "operationName": None, "extensions": None}

    response = await service.post({"query": "{ hello }", **nulls})

    assert response.json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin-1"],
)
async def test_posts_must_be_json(service: Service, content_type: str) -> None:
    response = await service.post({"query": "{ hello }"}, content_type=content_type)

    assert response.status_code == 415


async def test_a_large_body_is_refused_before_it_is_read(service: Service) -> None:
    service = Service(limits=WebLimits(body_bytes_max=100))
    chunks_read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks_read
        while True:
            chunks_read += 1
            yield b"x" * 64

    async with service.client() as client:
        response = await client.post(
            "/graphql", content=endless(), headers={"content-type": "application/json"}
        )

    assert response.status_code == 413
    assert codes(response.json()) == ["VAL_REQUEST_TOO_LARGE"]
    assert chunks_read == 2


async def test_a_slow_body_is_refused(service: Service) -> None:
    service = Service(limits=WebLimits(body_timeout_seconds=0.01))

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with service.client() as client:
        response = await client.post(
            "/graphql", content=stalled(), headers={"content-type": "application/json"}
        )

    assert response.status_code == 408


async def test_a_long_url_is_refused(service: Service) -> None:
    async with service.client() as client:
        response = await client.get("/graphql", params={"query": "x" * 20_000})

    assert response.status_code == 414


async def test_subscriptions_need_a_stream(service: Service) -> None:
    response = await service.post({"query": "subscription { count }"})

    assert response.status_code == 400
    assert codes(response.json()) == ["VAL_OPERATION"]
