"""Prices of what trades on Solana. What is priced unreliably Jupiter leaves out, and so do we."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from domain.provider.ports.answers import Idempotency, Setback
from domain.provider.ports.prices import Price
from infrastructure.http import HttpClient
from infrastructure.providers.amounts import micro_usd
from infrastructure.providers.jupiter.calls import READ_SECONDS, questions
from infrastructure.providers.jupiter.reading import MINTS, WRAPPED_SOL
from infrastructure.providers.jupiter.wire import TokenPrice

logger = logging.getLogger(__name__)


class JupiterPrices:
    """Price API V3. It names the block of a price, not its time: `at` is when we asked."""

    name = "jupiter"
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
        self._questions = questions(
            client, base_url=base_url, api_key=api_key, read_seconds=read_seconds
        )
        self._clock = clock

    async def healthy(self) -> bool:
        answer = await self._questions.read(
            "/price/v3", dict[str, TokenPrice], query={"ids": WRAPPED_SOL}
        )
        return isinstance(answer, dict)

    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        """Fewer than the 50 of one request: few of our assets live on Solana."""
        asked = {symbol: MINTS[symbol] for symbol in symbols if symbol in MINTS}
        if not asked:
            return {}
        at = self._clock()
        ids = ",".join(asked.values())
        answer = await self._questions.read(
            "/price/v3", dict[str, TokenPrice | None], query={"ids": ids}
        )
        if not isinstance(answer, dict):
            return answer
        found = {}
        for symbol, mint in asked.items():
            token = answer.get(mint)
            price = None if token is None else _micro_usd(symbol, token.usd_price)
            if price is not None:
                found[symbol] = Price(symbol=symbol, micro_usd=price, source=self.name, at=at)
        return found


def _micro_usd(symbol: str, usd: Decimal) -> int | None:
    price = micro_usd(usd)
    if price is None:
        logger.warning("jupiter: no price of %s: %s", symbol, usd)
    return price
