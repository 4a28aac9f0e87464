"""Prices with their source and time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.provider.ports.answers import Provider, Setback

PRICE_AGE_MAX = timedelta(minutes=2)
"""An older price is shown as stale, and nothing is decided by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Millionths of a US dollar for one whole unit of the asset or currency called `symbol`."""

    symbol: str
    micro_usd: int
    source: str
    at: datetime

    def stale(self, now: datetime) -> bool:
        return now - self.at > PRICE_AGE_MAX


class PriceSource(Provider, Protocol):
    async def prices(self, symbols: Sequence[str]) -> Mapping[str, Price] | Setback:
        """Those that the source knows; what is missing is not in the answer."""
        ...
