import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.provider.errors import PriceUnavailable
from domain.provider.ports.answers import Idempotency, NotAttempted, Setback
from domain.provider.ports.prices import Price
from domain.provider.valuation import (
    cents_rounded_up,
    usd_value_rounded_down,
    usd_value_rounded_up,
)
from domain.shared.assets import ASSETS, BTC, SOL, USDC
from infrastructure.services import prices as prices_module
from infrastructure.services.prices import PriceBook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOL_PRICE = 150_000_000
BTC_PRICE = 60_000_000_000


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Source:
    """Tells what it knows; `age` is how old its prices are."""

    name: str
    clock: Clock
    knows: dict[str, int]
    age: timedelta = timedelta(0)
    away: bool = False
    seconds: float = 0.0
    asked: list[list[str]] = field(default_factory=list)
    idempotency: Idempotency = field(default=Idempotency(on_server=True))

    async def healthy(self) -> bool:
        return not self.away

    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        self.asked.append(list(symbols))
        await asyncio.sleep(self.seconds)
        if self.away:
            return NotAttempted(reason="away")
        at = self.clock() - self.age
        return {
            symbol: Price(symbol=symbol, micro_usd=self.knows[symbol], source=self.name, at=at)
            for symbol in symbols
            if symbol in self.knows
        }


@dataclass
class Stage:
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.first = Source("first", self.clock, {"SOL": SOL_PRICE, "USDC": 1_000_000})
        self.second = Source("second", self.clock, {"SOL": 151_000_000, "BTC": BTC_PRICE})
        sources = {"first": self.first, "second": self.second}
        self.book = PriceBook(sources, clock=self.clock)


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_the_second_is_asked_for_what_the_first_does_not_tell(stage: Stage) -> None:
    told = await stage.book.prices(("SOL", "BTC"))

    assert {symbol: (price.micro_usd, price.source) for symbol, price in told.items()} == {
        "SOL": (SOL_PRICE, "first"),
        "BTC": (BTC_PRICE, "second"),
    }
    assert stage.second.asked == [["BTC"]]


async def test_when_the_first_is_away_the_second_tells(stage: Stage) -> None:
    stage.first.away = True
    assert (await stage.book.price("SOL")).source == "second"


async def test_what_is_shown_says_what_is_old_and_what_nobody_tells(stage: Stage) -> None:
    stage.first.age = timedelta(minutes=3)
    del stage.second.knows["SOL"]

    shown = {each.asset: each for each in await stage.book.views()}

    assert set(shown) == set(ASSETS)
    sol, btc, other = shown["SOL"], shown["BTC"], shown["XAUT"]
    assert (sol.micro_usd, sol.source, sol.stale) == (SOL_PRICE, "first", True)
    assert sol.at == NOON - timedelta(minutes=3)
    assert (btc.micro_usd, btc.source, btc.stale) == (BTC_PRICE, "second", False)
    assert (other.micro_usd, other.source, other.at, other.stale) == (None, None, None, True)


async def test_who_is_slow_is_passed_over(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices_module, "ASK_SECONDS_MAX", 0.01)
    stage.first.seconds = 5
    assert (await stage.book.price("SOL")).source == "second"


async def test_within_moments_nobody_is_asked_again(stage: Stage) -> None:
    await asyncio.gather(*(stage.book.price("SOL") for _ in range(5)))
    stage.clock.now += timedelta(seconds=14)
    await stage.book.price("SOL")
    assert len(stage.first.asked) == 1
    stage.clock.now += timedelta(seconds=1)
    await stage.book.price("SOL")
    assert len(stage.first.asked) == 2


async def test_a_stale_price_is_shown_as_such_and_blocks(stage: Stage) -> None:
    await stage.book.price("SOL")
    stage.first.away = stage.second.away = True
    stage.clock.now += timedelta(minutes=2)
    assert (await stage.book.price("SOL")).at == NOON

    stage.clock.now += timedelta(seconds=1)
    shown = await stage.book.prices(("SOL",))
    assert shown["SOL"].stale(stage.clock())
    with pytest.raises(PriceUnavailable) as blocked:
        await stage.book.usd_value(1, SOL)
    assert blocked.value.details == {"asset": "SOL"}


async def test_a_source_with_old_prices_does_not_hide_a_newer_one(stage: Stage) -> None:
    stage.first.age = timedelta(minutes=5)
    assert (await stage.book.price("SOL")).source == "second"


async def test_what_nobody_tells_is_missing_and_blocks(stage: Stage) -> None:
    assert await stage.book.prices(("XAUT",)) == {}
    with pytest.raises(PriceUnavailable):
        await stage.book.price("XAUT")


async def test_a_value_names_its_price(stage: Stage) -> None:
    value = await stage.book.usd_value(150_000_000, BTC)
    assert (value.micro_usd, value.price.source) == (90_000_000_000, "second")


amounts = st.integers(0, 10**24)


@given(amounts, st.integers(1, 10**13), st.sampled_from(sorted(ASSETS)))
def test_rounding_is_within_a_millionth_and_goes_its_way(
    amount: int, micro_usd: int, symbol: str
) -> None:
    asset = ASSETS[symbol]
    price = Price(symbol=symbol, micro_usd=micro_usd, source="test", at=NOON)
    exact = Fraction(amount * micro_usd, 10**asset.decimals)
    down = usd_value_rounded_down(amount, asset, price)
    up = usd_value_rounded_up(amount, asset, price)
    assert down <= exact <= up
    assert up - down == (0 if exact == down else 1)


@pytest.mark.parametrize(("micro_usd", "cents"), [(0, 0), (1, 1), (10_000, 1), (10_001, 2)])
def test_cents_are_rounded_up(micro_usd: int, cents: int) -> None:
    assert cents_rounded_up(micro_usd) == cents


def test_a_dollar_is_a_dollar() -> None:
    price = Price(symbol="USDC", micro_usd=1_000_000, source="test", at=NOON)
    assert usd_value_rounded_down(25_000_000, USDC, price) == 25_000_000


@pytest.mark.parametrize(
    ("hundredths", "currency", "micro_usd"),
    [(10_000, "USD", 100_000_000), (10_000, "EUR", 110_000_000), (1, "BRL", 1_871)],
)
async def test_what_is_paid_in_a_currency_is_valued_rounded_up(
    stage: Stage, hundredths: int, currency: str, micro_usd: int
) -> None:
    stage.second.knows |= {"EUR": 1_100_000, "BRL": 187_001}

    assert await stage.book.fiat_value(hundredths, currency) == micro_usd


async def test_a_dollar_needs_no_source_and_another_currency_does(stage: Stage) -> None:
    assert await stage.book.fiat_value(500, "USD") == 5_000_000
    assert stage.first.asked == []
    with pytest.raises(PriceUnavailable):
        await stage.book.fiat_value(500, "GBP")
