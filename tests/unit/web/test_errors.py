import logging

import pytest

from tests.unit.web.driver import Service, codes


@pytest.fixture
def service() -> Service:
    return Service()


async def test_unexpected_errors_are_masked_and_logged(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await service.post({"query": "{ broken hello }"}, x_request_id="request-1234")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"broken": None, "hello": "hello world"}
    assert codes(body) == ["SYS_INTERNAL"]
    assert body["errors"][0]["path"] == ["broken"]
    assert body["errors"][0]["extensions"]["requestId"] == "request-1234"
    assert response.headers["x-request-id"] == "request-1234"
    assert "hunter2" not in response.text
    assert [record.getMessage() for record in caplog.records] == [
        "unexpected error, request request-1234"
    ]
    assert "hunter2" in caplog.text


async def test_deliberate_errors_keep_their_code(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    response = await service.post({"query": "{ refused }"})

    assert codes(response.json()) == ["TXN_NOT_TODAY"]
    assert caplog.records == []


@pytest.mark.parametrize(
    "arguments",
    [
        'after: "nonsense"',
        'after: "YXJyYXljb25uZWN0aW9uOng="',
        'before: "dXNlcjox"',
        "first: -1",
        "last: -1",
        "first: 101",
    ],
)
async def test_bad_cursors_are_the_clients(service: Service, arguments: str) -> None:
    response = await service.post({"query": f"{{ pets({arguments}) {{ edges {{ cursor }} }} }}"})

    assert codes(response.json()) == ["VAL_CURSOR"]


async def test_good_cursors_page(service: Service) -> None:
    response = await service.post({"query": "{ pets(first: 2) { edges { node { id } } } }"})

    assert len(response.json()["data"]["pets"]["edges"]) == 2


async def test_a_bare_value_error_of_a_resolver_stays_masked(service: Service) -> None:
    response = await service.post({"query": "{ value(key: 99) }"})

    assert codes(response.json()) == ["SYS_INTERNAL"]
    assert response.status_code == 200
    assert response.json()["data"] is None


async def test_an_answer_that_json_cannot_hold_is_masked(service: Service) -> None:
    response = await service.post({"query": "{ unencodable }"})

    assert response.status_code == 500
    assert codes(response.json()) == ["SYS_INTERNAL"]


async def test_a_failing_context_is_masked(service: Service) -> None:
    service.world = object()  # type: ignore[assignment]  # a bug in the context factory

    response = await service.post({"query": "{ hello }"})

    assert response.status_code == 500
    assert codes(response.json()) == ["SYS_INTERNAL"]


async def test_a_principal_reaches_resolvers(service: Service) -> None:
    response = await service.post({"query": "{ me }"}, authorization=service.bearer())

    assert response.json() == {"data": {"me": "ada"}}


@pytest.mark.parametrize(
    ("header", "code"), [(None, "AUTH_MISSING"), ("Bearer nonsense", "AUTH_INVALID")]
)
async def test_authentication_is_typed(service: Service, header: str | None, code: str) -> None:
    headers = {} if header is None else {"authorization": header}

    response = await service.post({"query": "{ me }"}, **headers)

    assert codes(response.json()) == [code]


async def test_public_fields_answer_whoever_asks(service: Service) -> None:
    response = await service.post({"query": "{ hello }"}, authorization="Bearer nonsense")

    assert response.json() == {"data": {"hello": "hello world"}}


async def test_introspection_fits_the_limits(service: Service) -> None:
    from graphql import get_introspection_query

    response = await service.post({"query": get_introspection_query()})

    assert "errors" not in response.json()


async def test_a_made_up_request_id_is_replaced(service: Service) -> None:
    response = await service.post({"query": "{ hello }"}, x_request_id="a b\tc")

    assert response.headers["x-request-id"] != "a b\tc"
