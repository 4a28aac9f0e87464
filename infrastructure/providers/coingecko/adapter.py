"""Prices of all our assets, each with the time at which CoinGecko last updated it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import Declined, Idempotency, NotAttempted, Setback
from domain.provider.ports.prices import Price
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.coingecko.wire import CoinPrice, Failure, Ping

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
# Clocks differ; a price from further ahead is nobody's.
_AHEAD_MAX: Final = timedelta(minutes=1)
_MICRO_DIGITS: Final = 6
# A dollar price beyond this is a mistake of somebody's.
_USD_MAX: Final = Decimal(10) ** 12
# Beyond the year 9999 there is no datetime.
_UNIX_SECONDS_MAX: Final = 253_402_300_799
_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_IN_TIME: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

Result = TypeVar("Result")


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
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {"x-cg-demo-api-key": api_key, "accept": "application/json"}
        self._clock = clock
        self._read_seconds = read_seconds

    async def healthy(self) -> bool:
        return isinstance(await self._read("/ping", {}, Ping), Ping)

    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        asked = {symbol: COINS[symbol] for symbol in symbols if symbol in COINS}
        if not asked:
            return {}
        query = {
            "ids": ",".join(asked.values()),
            "vs_currencies": "usd",
            "include_last_updated_at": "true",
            "precision": "full",
        }
        answer = await self._read("/simple/price", query, dict[str, CoinPrice])
        if not isinstance(answer, dict):
            return answer
        now = self._clock()
        read = (
            _price(symbol, answer[coin], now) for symbol, coin in asked.items() if coin in answer
        )
        return {price.symbol: price for price in read if price is not None}

    async def _read(
        self, path: str, query: Mapping[str, str], kind: type[Result]
    ) -> Result | Declined | NotAttempted:
        url = f"{self._base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = await self._client.request(
                "GET",
                url,
                headers=self._headers,
                timeout_seconds=self._read_seconds,
                idempotent=True,
            )
        except HttpError as error:
            return NotAttempted(reason=str(error))
        if response.status != _OK:
            return _refusal(response)
        try:
            return msgspec.json.decode(response.body, type=kind)
        except msgspec.MsgspecError:
            return NotAttempted(reason=f"{path}: the answer is not readable")


def _price(symbol: str, coin: CoinPrice, now: datetime) -> Price | None:
    """None for what is no price, or none with a time."""
    usd, seconds = coin.usd, coin.last_updated_at
    is_price = usd is not None and usd.is_finite() and 0 < usd < _USD_MAX
    if usd is None or seconds is None or not is_price or not 0 <= seconds <= _UNIX_SECONDS_MAX:
        logger.warning("coingecko: no price of %s: %s at %s", symbol, usd, seconds)
        return None
    at = datetime.fromtimestamp(seconds, UTC)
    micro_usd = int(usd.scaleb(_MICRO_DIGITS).to_integral_value())
    if micro_usd == 0 or at > now + _AHEAD_MAX:
        logger.warning("coingecko: no usable price of %s: %s at %s", symbol, usd, at)
        return None
    return Price(symbol=symbol, micro_usd=micro_usd, source=CoinGeckoPrices.name, at=at)


def _refusal(response: HttpResponse) -> Declined | NotAttempted:
    status = response.status
    if status == _TOO_MANY:
        return NotAttempted(reason="rate limit", retry_after_seconds=response.retry_after_seconds)
    if status >= _SERVER_ERROR or status == _NOT_IN_TIME or status < _BAD_REQUEST:
        return NotAttempted(reason=f"HTTP {status}")
    failure = _failure(response.body)
    return Declined(
        code="PRV_UNAUTHORISED" if status in _UNAUTHORISED else "PRV_DECLINED",
        reason=failure.status.error_message or failure.error or f"HTTP {status}",
        provider_code=str(failure.status.error_code or status),
    )


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure()
