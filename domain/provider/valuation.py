"""What an amount of an asset is worth in US dollars, by a price that may be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.provider.errors import PriceUnavailable
from domain.provider.ports.prices import Price
from domain.shared.assets import FIAT_DECIMALS, Asset
from domain.shared.money import MICRO_USD_PER_CENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdValue:
    """Millionths of a US dollar, and the price that they were found by."""

    micro_usd: int
    price: Price


def usable_price(prices: Mapping[str, Price], symbol: str, now: datetime) -> Price:
    """Raises `PriceUnavailable` for one that is missing or stale."""
    price = prices.get(symbol)
    if price is None or price.stale(now):
        raise PriceUnavailable(asset=symbol)
    return price


def usd_value_rounded_down(amount: int, asset: Asset, price: Price) -> int:
    """Of `amount` base units, in millionths of a US dollar: never more than it is worth. For what
    is shown and for what somebody must have at least."""
    whole: int = 10**asset.decimals
    return amount * price.micro_usd // whole


def usd_value_rounded_up(amount: int, asset: Asset, price: Price) -> int:
    """Of `amount` base units, in millionths of a US dollar: never less than it is worth. For what
    counts against a limit."""
    whole: int = 10**asset.decimals
    return -(-amount * price.micro_usd // whole)


def fiat_value_rounded_up(hundredths: int, price: Price) -> int:
    """The same of hundredths of a currency."""
    whole: int = 10**FIAT_DECIMALS
    return -(-hundredths * price.micro_usd // whole)


def cents_rounded_up(micro_usd: int) -> int:
    """Whole cents, never less: for limits that are set in cents."""
    return -(-micro_usd // MICRO_USD_PER_CENT)
