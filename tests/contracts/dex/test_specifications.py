"""Requests and answers against schemas: our own always, the providers' where they are at hand."""

from collections.abc import Iterator, Mapping
from functools import cache

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from tests.contracts.dex.cases import DexWorld
from tests.contracts.dex.journeys import Exchange, everything_said
from tests.contracts.dex.schemas import ANSWERS, QUERIES, REFUSALS, Json
from tests.contracts.published import published

JUPITER_SWAP = "dex/jupiter/swap-v2.yaml"
JUPITER_PRICE = "dex/jupiter/price-v3.yaml"
LIFI = "dex/lifi/lifi-openapi.yaml"


@pytest.fixture
async def exchanges(world: DexWorld) -> dict[str, list[Exchange]]:
    return await everything_said(world)


def test_every_exchange_fits_our_own_schemas(exchanges: dict[str, list[Exchange]]) -> None:
    for provider, found in exchanges.items():
        for exchange in found:
            path = _pattern(exchange.path)
            refused = exchange.status != 200
            check(exchange.body, REFUSALS[provider] if refused else ANSWERS[path])
            check(dict(exchange.query), QUERIES.get(path, {}))
    seen = {_pattern(exchange.path) for found in exchanges.values() for exchange in found}
    assert seen == set(ANSWERS)


def _pattern(path: str) -> str:
    """A path with its identifiers left out."""
    parts = path.split("/")
    return "/".join("{id}" if len(part) > 40 else part for part in parts)


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
    inner = {key: _translated(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if node.get("nullable") is True else inner


def within(name: str, *steps: str) -> Json:
    """The schema at a place of a document, with all that it refers to."""
    place = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
    return {**document(name), "$ref": f"#/{place}"}


def check(body: object, schema: Json) -> None:
    jsonschema.Draft202012Validator(schema).validate(body)


JSON_BODY = ("content", "application/json", "schema")


@pytest.mark.parametrize("operation", ["build", "order", "execute"])
def test_jupiter_swaps_as_jupiter_describes_them(
    exchanges: dict[str, list[Exchange]], operation: str
) -> None:
    method = "post" if operation == "execute" else "get"
    place = ("paths", f"/{operation}", method)
    found = [one for one in exchanges["jupiter"] if one.path.endswith(f"/swap/v2/{operation}")]
    assert found
    for exchange in found:
        answer = within(JUPITER_SWAP, *place, "responses", str(exchange.status), *JSON_BODY)
        check(exchange.body, answer)
        if method == "post":
            check(exchange.sent, within(JUPITER_SWAP, *place, "requestBody", *JSON_BODY))
        else:
            check_query(exchange.query, JUPITER_SWAP, f"/{operation}")


def test_jupiter_prices_as_jupiter_describes_them(exchanges: dict[str, list[Exchange]]) -> None:
    found = [one for one in exchanges["jupiter"] if one.path.endswith("/price/v3")]
    assert found
    for exchange in found:
        place = ("paths", "/price/v3", "get", "responses", "200", *JSON_BODY)
        check(exchange.body, within(JUPITER_PRICE, *place))
        check_query(exchange.query, JUPITER_PRICE, "/price/v3")


@pytest.mark.parametrize(
    ("operation", "schema"), [("quote", "Step"), ("status", "StatusResponse"), ("token", "Token")]
)
def test_lifi_as_lifi_describes_it(
    exchanges: dict[str, list[Exchange]], operation: str, schema: str
) -> None:
    found = [one for one in exchanges["lifi"] if one.path.endswith(f"/v1/{operation}")]
    assert found
    for exchange in found:
        check_query(exchange.query, LIFI, f"/v1/{operation}")
        if exchange.status == 200:
            check(_known_substatus(exchange.body), within(LIFI, "components", "schemas", schema))


def _known_substatus(body: object) -> object:
    """Their document lacks the substatuses of FAILED (see the notes on it)."""
    assert isinstance(body, dict)
    failed = body.get("status") == "FAILED"
    return {name: value for name, value in body.items() if not (failed and name == "substatus")}


def check_query(query: Mapping[str, str], file: str, place: str) -> None:
    """Only parameters that exist, all that are required, each of its type."""
    parameters = {str(one["name"]): one for one in _parameters(file, place)}
    unknown = set(query) - set(parameters)
    assert not unknown
    for name, parameter in parameters.items():
        if parameter.get("required"):
            assert name in query
        if name in query:
            schema = parameter.get("schema", {})
            assert isinstance(schema, dict)
            check(_typed(query[name], schema), {**document(file), **schema})


def _parameters(name: str, place: str) -> Iterator[Json]:
    whole = document(name)
    paths = whole["paths"]
    assert isinstance(paths, dict)
    for parameter in paths[place]["get"]["parameters"]:
        if "$ref" not in parameter:
            yield parameter
            continue
        here: object = whole
        for step in parameter["$ref"].removeprefix("#/").split("/"):
            assert isinstance(here, dict)
            here = here[step]
        assert isinstance(here, dict)
        yield here


def _typed(text: str, schema: Json) -> object:
    """A query's text as its schema's type."""
    kinds = {schema.get("type")}
    choices = schema.get("anyOf", [])
    assert isinstance(choices, list)
    kinds |= {choice.get("type") for choice in choices}
    if kinds & {"integer", "number"} and text.replace(".", "", 1).isdigit():
        return float(text) if "." in text else int(text)
    return text
