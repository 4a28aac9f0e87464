"""Requests and answers against schemas: our own always, CoinGecko's where it is at hand.

Jupiter's price API is held to its own document in tests/contracts/dex.
"""

import json
from functools import cache

import jsonschema  # type: ignore[import-untyped]  # ships no types
import msgspec
import pytest

from infrastructure.sandbox.market import FIRST_MICRO_USD
from tests.contracts.published import published
from tests.contracts.worlds import BASE_URL, ProviderWorld

QUERY = {
    "ids": "bitcoin,ethereum,solana,sui,pax-gold,tether-gold,usd-coin",
    "vs_currencies": "usd",
    "include_last_updated_at": "true",
    "precision": "full",
}
PRICES = {
    "type": "object",
    "minProperties": len(FIRST_MICRO_USD),
    "additionalProperties": {
        "type": "object",
        "required": ["usd", "last_updated_at"],
        "properties": {"usd": {"type": "number"}, "last_updated_at": {"type": "integer"}},
        "additionalProperties": False,
    },
}
REFUSAL = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"type": "object", "required": ["error_code", "error_message"]}},
}

Json = dict[str, object]


@cache
def document() -> Json:
    """Parsed once: it is large."""
    loaded = json.loads(published("price/coingecko/demo-api.json").read_bytes())
    assert isinstance(loaded, dict)
    return loaded


async def asked(world: ProviderWorld, path: str, key: str | None = None) -> tuple[int, object]:
    headers = {"x-cg-demo-api-key": key or world.world.credential("coingecko", "api_key")}
    url = f"{BASE_URL}/coingecko/api/v3{path}"
    answer = await world.client.request("GET", url, headers=headers)
    return answer.status, msgspec.json.decode(answer.body)


def query() -> str:
    return "&".join(f"{name}={value}" for name, value in QUERY.items())


async def test_the_sandbox_answers_by_our_own_schemas(world: ProviderWorld) -> None:
    status, prices = await asked(world, f"/simple/price?{query()}")
    assert status == 200
    jsonschema.validate(prices, PRICES)

    status, refusal = await asked(world, f"/simple/price?{query()}", "wrong")
    assert status == 401
    jsonschema.validate(refusal, REFUSAL)


@pytest.mark.parametrize(
    ("path", "schema"), [("/simple/price", "SimplePrice"), ("/ping", "PingServer")]
)
async def test_as_coingecko_describes_it(world: ProviderWorld, path: str, schema: str) -> None:
    rules = {**document(), "$ref": f"#/components/schemas/{schema}"}

    status, body = await asked(world, f"{path}?{query()}" if path != "/ping" else path)

    assert status == 200
    jsonschema.Draft202012Validator(rules).validate(body)


def test_the_adapters_query_has_only_parameters_that_exist() -> None:
    """test_behaviour pins that this is the query that is sent."""
    paths = document()["paths"]
    assert isinstance(paths, dict)
    known = {one["name"]: one for one in paths["/simple/price"]["get"]["parameters"]}

    assert set(QUERY) <= set(known)
    assert {name for name, one in known.items() if one["required"]} <= set(QUERY)
    assert QUERY["precision"] in known["precision"]["schema"]["enum"]
