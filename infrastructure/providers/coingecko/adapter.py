"""Prices of all our assets and currencies, each with the time at which CoinGecko last updated it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from domain.provider.ports.answers import Declined, Idempotency, Setback
from domain.provider.ports.prices import Price
from domain.shared.assets import USDC
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.amounts import micro_usd
from infrastructure.providers.calls import Caller, Questions
from infrastructure.providers.coingecko.wire import CoinPrice, Failure, Ping
from infrastructure.providers.setbacks import ONLY_OK, UNAUTHORISED, Setbacks, told

logger = logging.getLogger(__name__)

READ_SECONDS: Final = 5.0
COINS: Final = {
    "USDC": "usd-coin",
    "BTC": "bitcoin",
    "ETH": "ethereum",
    "SOL": "solana",
    "SUI": "sui",
    "PAXG": "pax-gold",
    "XAUT": "tether-gold",
}
_DOLLAR: Final = COINS[USDC.symbol]
"""What a currency is measured by: a coin that is worth a dollar, in both."""
CURRENCIES: Final[Mapping[str, Callable[[CoinPrice], Decimal | None]]] = {
    "EUR": lambda dollar: dollar.eur,
    "GBP": lambda dollar: dollar.gbp,
    "BRL": lambda dollar: dollar.brl,
}
# Clocks differ; a price from further ahead is nobody's.
_AHEAD_MAX: Final = timedelta(minutes=1)
# Beyond the year 9999 there is no datetime.
_UNIX_SECONDS_MAX: Final = 253_402_300_799


class CoinGeckoPrices:
    """`base_url` with its version: https://api.coingecko.com/api/v3 for a demo key."""

    name = "coingecko"
    idempotency = Idempotency(on_server=True)

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        api_key: str,
        clock: Callable[[], datetime],
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._questions = Questions(
            caller=Caller(client, _SETBACKS),
            base_url=base_url,
            headers={"x-cg-demo-api-key": api_key, "accept": "application/json"},
            timeout_seconds=read_seconds,
        )
        self._clock = clock

    async def healthy(self) -> bool:
        return isinstance(await self._questions.read("/ping", Ping), Ping)

    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        asked = {symbol: COINS[symbol] for symbol in symbols if symbol in COINS}
        currencies = [symbol for symbol in symbols if symbol in CURRENCIES]
        if not asked and not currencies:
            return {}
        measured = [_DOLLAR] if currencies else []
        query = {
            "ids": ",".join(dict.fromkeys([*asked.values(), *measured])),
            "vs_currencies": ",".join(["usd", *(each.lower() for each in currencies)]),
            "include_last_updated_at": "true",
            "precision": "full",
        }
        answer = await self._questions.read("/simple/price", dict[str, CoinPrice], query=query)
        if not isinstance(answer, dict):
            return answer
        now = self._clock()
        read = [
            _price(symbol, answer[coin], answer[coin].usd, now)
            for symbol, coin in asked.items()
            if coin in answer
        ]
        dollar = answer.get(_DOLLAR)
        if dollar is not None:
            read += [_price(each, dollar, _rate(each, dollar), now) for each in currencies]
        return {price.symbol: price for price in read if price is not None}


def _rate(currency: str, dollar: CoinPrice) -> Decimal | None:
    """Dollars for one of the currency."""
    per_dollar = CURRENCIES[currency](dollar)
    if dollar.usd is None or not per_dollar or not per_dollar.is_finite():
        return None
    return dollar.usd / per_dollar


def _price(symbol: str, coin: CoinPrice, usd: Decimal | None, now: datetime) -> Price | None:
    """None for what is no price, or none with a time."""
    seconds = coin.last_updated_at
    price = None if usd is None else micro_usd(usd)
    if price is None or seconds is None or not 0 <= seconds <= _UNIX_SECONDS_MAX:
        logger.warning("coingecko: no price of %s: %s at %s", symbol, usd, seconds)
        return None
    at = datetime.fromtimestamp(seconds, UTC)
    if at > now + _AHEAD_MAX:
        logger.warning("coingecko: a price of %s from ahead of time: %s", symbol, at)
        return None
    return Price(symbol=symbol, micro_usd=price, source=CoinGeckoPrices.name, at=at)


def _declined(response: HttpResponse) -> Declined:
    status, failure = response.status, told(response, Failure)
    return Declined(
        code="PRV_UNAUTHORISED" if status in UNAUTHORISED else "PRV_DECLINED",
        reason=failure.status.error_message or failure.error or f"HTTP {status}",
        provider_code=str(failure.status.error_code or status),
    )


_SETBACKS: Final = Setbacks(provider="coingecko", declined=_declined, accepted=ONLY_OK)
