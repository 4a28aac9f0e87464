"""What the port promises, asked of every price source and of the twin in memory."""

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.prices import Price, PriceSource
from infrastructure.http import HttpClient
from infrastructure.providers.coingecko.adapter import CoinGeckoPrices
from infrastructure.providers.jupiter.prices import JupiterPrices
from infrastructure.sandbox.frame.faults import FaultKind
from infrastructure.sandbox.market import FIRST_MICRO_USD
from tests.contracts.prices.conftest import adapter_of
from tests.contracts.worlds import BASE_URL, ProviderWorld

if TYPE_CHECKING:
    from tests.contracts.prices.conftest import Source

ALL = tuple(FIRST_MICRO_USD)
SOL_MINT = "So11111111111111111111111111111111111111112"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def good(prices: Mapping[str, Price] | Setback) -> Mapping[str, Price]:
    assert isinstance(prices, Mapping), prices
    return prices


async def test_what_it_knows_is_priced_and_nothing_else(source: "Source") -> None:
    found = good(await source.adapter.prices([*ALL, "DOGE"]))

    assert set(found) == source.knows
    for symbol, price in found.items():
        assert price.symbol == symbol
        assert price.micro_usd == FIRST_MICRO_USD[symbol]
        assert price.source == source.adapter.name
        assert not price.stale(source.now())


async def test_a_price_that_changed(source: "Source") -> None:
    source.set_price("SOL", 151_234_567)

    found = good(await source.adapter.prices(["SOL"]))

    assert found["SOL"].micro_usd == 151_234_567


async def test_nothing_asked_is_nothing_answered(source: "Source") -> None:
    assert good(await source.adapter.prices([])) == {}
    assert good(await source.adapter.prices(["DOGE"])) == {}


async def test_nothing_is_worth_nothing(source: "Source") -> None:
    """A price of zero is the absence of one: nothing may be decided by it."""
    source.set_price("SOL", 0)

    assert set(good(await source.adapter.prices(["SOL", "USDC"]))) == {"USDC"}


@pytest.mark.parametrize(
    "kind",
    [
        "latency",
        "timeout_before_executing",
        "timeout_after_executing",
        "error",
        "rate_limit",
        "outage",
        "malformed_body",
    ],
)
async def test_without_an_answer_it_was_not_attempted(source: "Source", kind: FaultKind) -> None:
    adapter = source.refused(kind)

    answer = await adapter.prices(["SOL", "USDC"])

    assert isinstance(answer, NotAttempted), answer
    assert answer.retry_after_seconds == (1 if kind == "rate_limit" else None)


async def test_health(source: "Source") -> None:
    assert await source.adapter.healthy()


async def test_an_old_price_is_stale(world: ProviderWorld) -> None:
    """Set over the simulation's own endpoint, as the console does."""
    adapter = coingecko(world.client, world.world.credential("coingecko", "api_key"))
    order = {"symbol": "BTC", "micro_usd": 99_000_000_000, "age_seconds": 121}
    answer = await world.client.request(
        "POST", f"{BASE_URL}/coingecko/_simulate/price", content=msgspec.json.encode(order)
    )
    assert answer.status == 200

    price = good(await adapter.prices(["BTC"]))["BTC"]

    assert price.micro_usd == 99_000_000_000
    assert price.at == NOON - timedelta(seconds=121)
    assert price.stale(NOON)


def coingecko(client: HttpClient, key: str, url: str = f"{BASE_URL}/coingecko") -> PriceSource:
    return CoinGeckoPrices(client, base_url=f"{url}/api/v3", api_key=key, clock=lambda: NOON)


def jupiter(client: HttpClient, key: str, url: str = f"{BASE_URL}/jupiter") -> PriceSource:
    return JupiterPrices(client, base_url=url, api_key=key, clock=lambda: NOON)


@pytest.mark.parametrize("make", [coingecko, jupiter])
async def test_a_wrong_key_is_declined(world: ProviderWorld, make: object) -> None:
    adapter: PriceSource = make(world.client, "wrong")  # type: ignore[operator]  # one of the two

    answer = await adapter.prices(["SOL"])

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNAUTHORISED"
    assert answer.provider_code in {"401", "10002"}
    assert not await adapter.healthy()


class Told:
    """A server that says the same to everybody."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status, content=self.body)


@pytest.fixture
async def told() -> AsyncIterator[tuple[Told, HttpClient]]:
    server = Told()
    async with HttpClient(transport=httpx.MockTransport(server.answer)) as client:
        yield server, client


@pytest.mark.parametrize(
    ("usd", "micro_usd"),
    [
        # Digits that a float would lose.
        (b"0.1234567890123456789", 123_457),
        (b"100000.000001", 100_000_000_001),
        (b"1e-4", 100),
        (b"0.9999995", 1_000_000),
        (b"0.0000004", None),
        (b"0", None),
        (b"-1.5", None),
        (b"1e30", None),
        (b"null", None),
    ],
)
async def test_numbers_are_read_exactly(
    told: tuple[Told, HttpClient],
    usd: bytes,
    micro_usd: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, client = told
    seconds = str(int(NOON.timestamp())).encode()
    server.body = b'{"solana":{"usd":' + usd + b',"last_updated_at":' + seconds + b"}}"
    with caplog.at_level(logging.ERROR):
        gecko = good(await coingecko(client, "key", "https://gecko.test").prices(["SOL"]))
    if usd != b"null":
        server.body = b'{"' + SOL_MINT.encode() + b'":{"usdPrice":' + usd + b"}}"
        from_jupiter = good(await jupiter(client, "key", "https://jup.test").prices(["SOL"]))
        assert [price.micro_usd for price in from_jupiter.values()] == [
            price.micro_usd for price in gecko.values()
        ]

    assert [price.micro_usd for price in gecko.values()] == ([micro_usd] if micro_usd else [])


@pytest.mark.parametrize("seconds", [b"null", b"-1", b"99999999999999", b"1772366461"])
async def test_a_price_without_a_time_of_its_own_is_none(
    told: tuple[Told, HttpClient], seconds: bytes
) -> None:
    """Nor one of a minute ahead: nobody can know it."""
    server, client = told
    server.body = b'{"solana":{"usd":150,"last_updated_at":' + seconds + b"}}"

    assert good(await coingecko(client, "key", "https://gecko.test").prices(["SOL"])) == {}


@pytest.mark.parametrize("make", [coingecko, jupiter])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, NotAttempted),
        (400, Declined),
        (404, Declined),
        (408, NotAttempted),
        (429, NotAttempted),
        (500, NotAttempted),
        (503, NotAttempted),
    ],
)
async def test_statuses(
    told: tuple[Told, HttpClient], make: object, status: int, kind: type[Setback]
) -> None:
    server, client = told
    server.status = status
    adapter: PriceSource = make(client, "key", "https://x.test")  # type: ignore[operator]  # as above

    assert isinstance(await adapter.prices(["SOL"]), kind)


async def test_what_is_asked(told: tuple[Told, HttpClient]) -> None:
    server, client = told
    await coingecko(client, "key", "https://gecko.test").prices(["BTC", "XAUT"])
    await jupiter(client, "key", "https://jup.test").prices(["SOL", "BTC"])

    gecko, jup = server.requests
    assert gecko.url.path == "/api/v3/simple/price"
    assert dict(gecko.url.params) == {
        "ids": "bitcoin,tether-gold",
        "vs_currencies": "usd",
        "include_last_updated_at": "true",
        "precision": "full",
    }
    assert gecko.headers["x-cg-demo-api-key"] == "key"
    assert (jup.url.path, dict(jup.url.params)) == ("/price/v3", {"ids": SOL_MINT})
    assert jup.headers["x-api-key"] == "key"


async def test_currencies_are_measured_by_a_coin_that_is_worth_a_dollar(
    world: ProviderWorld,
) -> None:
    adapter = adapter_of(world, "coingecko")

    found = good(await adapter.prices(["SOL", "EUR", "GBP", "BRL", "CHF"]))

    assert {symbol: price.micro_usd for symbol, price in found.items()} == {
        "SOL": FIRST_MICRO_USD["SOL"],
        "EUR": 1_100_000,
        "GBP": 1_250_000,
        "BRL": 187_000,
    }
    assert not any(price.stale(world.world.clock.now()) for price in found.values())


@pytest.mark.parametrize("eur", [b"null", b"0", b"-1", b"1e30"])
async def test_a_rate_that_is_none_is_not_told(
    told: tuple[Told, HttpClient], eur: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server, client = told
    seconds = str(int(NOON.timestamp())).encode()
    server.body = b'{"usd-coin":{"usd":1,"eur":' + eur + b',"last_updated_at":' + seconds + b"}}"
    with caplog.at_level(logging.ERROR):
        assert good(await coingecko(client, "key", "https://gecko.test").prices(["EUR"])) == {}
    (asked,) = server.requests
    assert dict(asked.url.params)["ids"] == "usd-coin"
    assert dict(asked.url.params)["vs_currencies"] == "usd,eur"
