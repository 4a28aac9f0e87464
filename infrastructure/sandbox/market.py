"""What assets cost in the simulated world, and how an amount of one becomes an amount of another.

All providers that exchange or price something look here, so that they agree with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from domain.shared.assets import ASSETS, Asset
from infrastructure.sandbox.frame.world import World

MILLION: Final = 1_000_000
FIRST_MICRO_USD: Final = MappingProxyType(
    {
        "USDC": 1_000_000,
        "BTC": 100_000_000_000,
        "ETH": 4_000_000_000,
        "SOL": 150_000_000,
        "SUI": 2_500_000,
        "PAXG": 4_200_000_000,
        "XAUT": 4_190_000_000,
    }
)
FIAT_MICRO_USD: Final = MappingProxyType(
    {"USD": 1_000_000, "EUR": 1_100_000, "GBP": 1_250_000, "BRL": 187_000}
)
_PRICES: Final = "market_price"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A price that was set. `at=None`: it goes with the time, as a live market's does."""

    micro_usd: int
    at: datetime | None = None


class Deliver(Protocol):
    """How a bridge pays out on a chain; answers the transaction's hash."""

    async def __call__(self, *, asset: str, chain: str, address: str, amount: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Payment:
    """A transaction in its chain's form, to be signed by who pays, and the address it pays."""

    transaction: bytes
    address: str


@dataclass(frozen=True, slots=True)
class Credit:
    """What a transaction credited an address with. Where a contract takes payments for all (on
    Ethereum), `address` is the order that its call names."""

    address: str
    asset: str
    amount: int


class Sources(Protocol):
    """The chains that users pay bridges on."""

    async def payment(self, *, asset: str, sender: str, order: str, amount: int) -> Payment | None:
        """One to an address of that order alone; None where there is none to be had."""
        ...

    async def credits(self, *, chain: str, transaction_hash: str) -> Sequence[Credit]:
        """All of a transaction that landed; empty while it is unknown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A quote: `fee` in base units of the source, the others of the target."""

    fee: int
    target_amount: int
    target_minimum: int


class Market:
    """Deterministic until told otherwise; what it is told it remembers over a restart."""

    def __init__(self, world: World) -> None:
        self._world = world

    def micro_usd(self, symbol: str) -> int:
        """The price of one whole unit."""
        listing = self._world.memory.get(_PRICES, symbol, Listing)
        return FIRST_MICRO_USD[symbol] if listing is None else listing.micro_usd

    def updated_at(self, symbol: str) -> datetime:
        listing = self._world.memory.get(_PRICES, symbol, Listing)
        now = self._world.clock.shared()
        return now if listing is None or listing.at is None else listing.at

    def set_price(self, symbol: str, micro_usd: int, *, age_seconds: float | None = None) -> None:
        """From now on; with an age it also stands still, so old."""
        if symbol not in ASSETS or micro_usd < 0:
            raise ValueError(f"no price of an asset: {symbol} {micro_usd}")
        at = None
        if age_seconds is not None:
            at = self._world.clock.shared() - timedelta(seconds=age_seconds)
        self._world.memory.put(_PRICES, symbol, Listing(micro_usd=micro_usd, at=at))

    def convert(self, amount: int, source: Asset, target: Asset) -> int:
        """Base units of `target` for `amount` of `source`, rounded down; exact but for that."""
        value = amount * self.micro_usd(source.symbol) * _one(target)
        return value // (self.micro_usd(target.symbol) * _one(source))

    def terms(
        self,
        amount: int,
        source: Asset,
        target: Asset,
        *,
        fee_millionths: int = 0,
        slippage_millionths: int = 0,
    ) -> Terms:
        """The fee is taken out of the source and rounded up; promises are rounded down."""
        fee = -(-amount * fee_millionths // MILLION)
        expected = self.convert(amount - fee, source, target)
        least = expected * (MILLION - slippage_millionths) // MILLION
        return Terms(fee=fee, target_amount=expected, target_minimum=least)


def _one(asset: Asset) -> int:
    return int(10**asset.decimals)
