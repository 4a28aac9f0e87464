"""Prices of assets and currencies: kept for a moment, each with its source and time."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.views import PriceView
from domain.provider.ports.prices import Price, PriceSource
from domain.provider.valuation import (
    UsdValue,
    fiat_value_rounded_up,
    usable_price,
    usd_value_rounded_down,
)
from domain.shared.assets import ASSETS, USD, Asset
from domain.shared.money import MICRO_USD_PER_CENT

logger = logging.getLogger(__name__)

KEPT_SECONDS: Final = 15.0
"""Within that nobody is asked again; CoinGecko itself tells new prices no oftener."""
ASK_SECONDS_MAX: Final = 3.0
"""A source that takes longer is passed over: somebody waits."""


class PriceBook:
    """`sources` in the order in which they are asked, each for what those before it do not tell."""

    def __init__(
        self, sources: Mapping[str, PriceSource], *, clock: Callable[[], datetime]
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._known: dict[str, Price] = {}
        self._asked_at: dict[str, datetime] = {}
        self._asking = asyncio.Lock()

    async def prices(self, symbols: Iterable[str] = tuple(ASSETS)) -> Mapping[str, Price]:
        """For display: the last known ones, which may be stale (`Price.stale`); what no source has
        told is not in the answer."""
        wanted = frozenset(symbols)
        async with self._asking:
            due = frozenset(symbol for symbol in wanted if self._is_due(symbol))
            if due:
                await self._ask(due)
        return {symbol: self._known[symbol] for symbol in wanted if symbol in self._known}

    async def views(self) -> tuple[PriceView, ...]:
        """Of every asset, as they are shown."""
        known, now = await self.prices(), self._clock()
        return tuple(_view(symbol, known.get(symbol), now) for symbol in ASSETS)

    async def price(self, symbol: str) -> Price:
        """To decide by. Raises `PriceUnavailable` for one that is missing or stale."""
        return usable_price(await self.prices((symbol,)), symbol, self._clock())

    async def usd_value(
        self,
        amount: int,
        asset: Asset,
        *,
        rounded: Callable[[int, Asset, Price], int] = usd_value_rounded_down,
    ) -> UsdValue:
        """Of `amount` base units, by a rounding of `domain.provider.valuation`. Raises
        `PriceUnavailable`."""
        price = await self.price(asset.symbol)
        return UsdValue(micro_usd=rounded(amount, asset, price), price=price)

    async def fiat_value(self, hundredths: int, currency: str) -> int:
        """Of an amount of a currency, in millionths of a US dollar, rounded up: it counts against
        limits. Raises `PriceUnavailable`."""
        if currency == USD:
            return hundredths * MICRO_USD_PER_CENT
        return fiat_value_rounded_up(hundredths, await self.price(currency))

    def _is_due(self, symbol: str) -> bool:
        asked = self._asked_at.get(symbol)
        return asked is None or self._clock() - asked >= timedelta(seconds=KEPT_SECONDS)

    async def _ask(self, due: frozenset[str]) -> None:
        now = self._clock()
        missing = set(due)
        for name, source in self._sources.items():
            told = await _told(name, source, sorted(missing))
            for symbol, price in told.items():
                self._keep(symbol, price)
                if not price.stale(now):
                    missing.discard(symbol)
            if not missing:
                break
        else:
            logger.warning("no source tells a price of %s", ", ".join(sorted(missing)))
        self._asked_at |= dict.fromkeys(due, now)

    def _keep(self, symbol: str, price: Price) -> None:
        """The newer one, whoever told it."""
        known = self._known.get(symbol)
        if known is None or price.at >= known.at:
            self._known[symbol] = price


def _view(symbol: str, price: Price | None, now: datetime) -> PriceView:
    if price is None:
        return PriceView(asset=symbol, micro_usd=None, source=None, at=None, stale=True)
    return PriceView(
        asset=symbol,
        micro_usd=price.micro_usd,
        source=price.source,
        at=price.at,
        stale=price.stale(now),
    )


async def _told(name: str, source: PriceSource, symbols: list[str]) -> Mapping[str, Price]:
    try:
        async with asyncio.timeout(ASK_SECONDS_MAX):
            answer = await source.prices(symbols)
    except TimeoutError:
        logger.warning("%s tells no prices: no answer in time", name)
        return {}
    if isinstance(answer, Mapping):
        return answer
    logger.warning("%s tells no prices: %s", name, answer.reason)
    return {}
