"""A price source in memory."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from domain.provider.ports.answers import Idempotency, Setback
from domain.provider.ports.prices import Price


class MemoryPrices:
    """`micro_usd` may be changed at any time; a symbol in `dated` keeps that time, all others are
    of now. What is put into `setbacks` is answered next, in that order."""

    idempotency = Idempotency(on_server=True)

    def __init__(
        self, micro_usd: Mapping[str, int], *, clock: Callable[[], datetime], name: str = "memory"
    ) -> None:
        self.name = name
        self.is_up = True
        self.micro_usd = dict(micro_usd)
        self.dated: dict[str, datetime] = {}
        self.setbacks: deque[Setback] = deque()
        self._clock = clock

    async def healthy(self) -> bool:
        return self.is_up

    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        if self.setbacks:
            return self.setbacks.popleft()
        now = self._clock()
        return {
            symbol: Price(
                symbol=symbol,
                micro_usd=self.micro_usd[symbol],
                source=self.name,
                at=self.dated.get(symbol, now),
            )
            for symbol in symbols
            if self.micro_usd.get(symbol, 0) > 0
        }
