"""Requests and answers against schemas: our own always, the providers' where they are at hand."""

from functools import cache

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from tests.contracts.defi.cases import DefiWorld
from tests.contracts.defi.journeys import Exchange, everything_said
from tests.contracts.defi.schemas import ANSWERS, BODIES, REFUSALS, Json
from tests.contracts.published import published

KAMINO_PUBLIC = "defi/kamino/kamino-public-openapi.json"
KAMINO_TRANSACTIONS = "defi/kamino/kamino-transactions-openapi.json"
JUPITER_LEND = "dex/jupiter/lend.yaml"
JSON_BODY = ("content", "application/json", "schema")


@pytest.fixture
async def exchanges(world: DefiWorld) -> dict[str, list[Exchange]]:
    return await everything_said(world)


def test_every_exchange_fits_our_own_schemas(exchanges: dict[str, list[Exchange]]) -> None:
    seen, statuses = set(), set()
    for exchange in (one for found in exchanges.values() for one in found):
        path = _pattern(exchange.path)
        schema = ANSWERS[path] if exchange.status == 200 else REFUSALS[exchange.status]
        check(exchange.body, schema)
        if exchange.method == "POST":
            check(exchange.sent, BODIES[path])
        seen.add(path)
        statuses.add(exchange.status)
    assert seen == set(ANSWERS)
    assert statuses == {200, 400, 404}


def _pattern(path: str) -> str:
    """A path with its addresses left out."""
    return "/".join("{id}" if len(part) > 31 else part for part in path.split("/"))


# ------------------------------------------------------------------ the providers' own


@cache
def document(name: str) -> Json:
    loaded = yaml.load(published(name).read_bytes(), Loader=yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return {str(name): _translated(part) for name, part in loaded.items()}


def _translated(node: object) -> object:
    """OpenAPI 3.0 says `nullable` where JSON Schema says null."""
    if isinstance(node, list):
        return [_translated(item) for item in node]
    if not isinstance(node, dict):
        return node
    # Some of Kamino's schemas have names with spaces, which a reference must not have.
    inner = {
        key: value.replace(" ", "%20") if key == "$ref" else _translated(value)
        for key, value in node.items()
        if key != "nullable"
    }
    return {"anyOf": [inner, {"type": "null"}]} if node.get("nullable") is True else inner


def within(name: str, *steps: str) -> Json:
    """The schema at a place of a document, with all that it refers to."""
    place = "/".join(
        step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        for step in steps
    )
    return {**document(name), "$ref": f"#/{place}"}


def check(body: object, schema: Json) -> None:
    jsonschema.Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize(
    "place",
    [
        "/kvaults/vaults",
        "/kvaults/vaults/{pubkey}",
        "/kvaults/vaults/{pubkey}/metrics",
        "/kvaults/users/{userPubkey}/positions/{vaultPubkey}",
        "/kvaults/users/{pubkey}/transactions",
    ],
)
def test_kamino_as_kamino_describes_it(exchanges: dict[str, list[Exchange]], place: str) -> None:
    wanted = _pattern_of(place)
    found = [one for one in exchanges["kamino"] if _pattern(one.path) == f"/kamino{wanted}"]
    assert found
    for exchange in found:
        schema = within(
            KAMINO_PUBLIC, "paths", place, "get", "responses", str(exchange.status), *JSON_BODY
        )
        check(exchange.body, schema)


def _pattern_of(place: str) -> str:
    return "/".join("{id}" if part.startswith("{") else part for part in place.split("/"))


async def test_positions_of_kamino_as_kamino_describes_them(world: DefiWorld) -> None:
    """Not asked by the adapter, which asks for one at a time."""
    await everything_said(world)
    place = "/kvaults/users/{pubkey}/positions"
    answer = await world.providers.client.request(
        "GET", f"http://sandbox.test/kamino/kvaults/users/{world.owner}/positions"
    )
    found = yaml.load(answer.body, Loader=yaml.CSafeLoader)

    assert found
    check(found, within(KAMINO_PUBLIC, "paths", place, "get", "responses", "200", *JSON_BODY))


@pytest.mark.parametrize("action", ["deposit", "withdraw"])
def test_kaminos_instructions_as_kamino_describes_them(
    exchanges: dict[str, list[Exchange]], action: str
) -> None:
    place = f"/ktx/kvault/{action}-instructions"
    found = [one for one in exchanges["kamino"] if one.path == f"/kamino{place}"]
    assert found
    for exchange in found:
        post = ("paths", place, "post")
        answer = within(KAMINO_TRANSACTIONS, *post, "responses", str(exchange.status), *JSON_BODY)
        check(exchange.body, answer)
        check(exchange.sent, within(KAMINO_TRANSACTIONS, *post, "requestBody", *JSON_BODY))


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("tokens", "get"),
        ("positions", "get"),
        ("deposit-instructions", "post"),
        ("redeem-instructions", "post"),
    ],
)
def test_jupiter_lend_as_jupiter_describes_it(
    exchanges: dict[str, list[Exchange]], operation: str, method: str
) -> None:
    place = ("paths", f"/earn/{operation}", method)
    found = [
        one
        for one in exchanges["jupiter_lend"]
        if one.path == f"/jupiter_lend/lend/v1/earn/{operation}"
    ]
    assert found
    for exchange in found:
        if exchange.status == 200:
            check(exchange.body, within(JUPITER_LEND, *place, "responses", "200", *JSON_BODY))
        if method == "post":
            check(exchange.sent, within(JUPITER_LEND, *place, "requestBody", *JSON_BODY))
        assert set(exchange.query) == ({"users"} if operation == "positions" else set())
