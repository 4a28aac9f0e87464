"""Amounts: integers in base units inside, exact decimal strings at the edge."""

import re
from dataclasses import dataclass

from domain.shared.assets import ASSETS, Asset, Chain, decimals_of
from domain.shared.errors import InvalidAmount

MICRO_USD_PER_CENT = 10_000
AMOUNT_PATTERN = re.compile(r"(0|[1-9][0-9]{0,19})(?:\.([0-9]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AssetAmount:
    """An amount of one asset: `value` in base units, never a fraction of one."""

    value: int
    decimals: int
    symbol: str

    @classmethod
    def of(cls, base_units: int, symbol: str) -> "AssetAmount":
        """`base_units` of the asset or currency called `symbol`."""
        return cls(base_units, decimals_of(symbol), symbol)

    def __str__(self) -> str:
        return f"{format_amount(self.value, self.decimals)} {self.symbol}"


@dataclass(frozen=True, slots=True)
class Balance:
    """What is held of an asset on a chain, in base units."""

    amount: int
    asset: str
    chain: Chain

    @classmethod
    def of(cls, base_units: int, symbol: str) -> "Balance":
        """`base_units` of the asset called `symbol`, on the chain where it lives."""
        return cls(base_units, symbol, ASSETS[symbol].chain)


@dataclass(frozen=True, slots=True)
class WalletAddress:
    """An address on a chain, in that chain's own notation."""

    address: str
    chain: Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionAmount:
    """What is given: `value` in base units of the source, an asset's symbol or a currency's code.

    `target_asset` is what it becomes; none where it stays what it is.
    """

    value: int
    source_asset: str
    target_asset: str | None = None

    @property
    def arrives_as(self) -> str:
        """The asset in which the transaction ends."""
        return self.target_asset or self.source_asset


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFee:
    """One line of what a transaction costs, in base units of `asset`, a symbol or a currency's code.

    `kind` is PLATFORM, NETWORK, PROVIDER, or FEE_DUE: owed to the platform from earlier, and paid
    beside what is given. `provider` is who charges it, where it is not the platform.
    """

    kind: str
    amount: int
    asset: str
    provider: str | None = None


def parse_amount(text: str, asset: Asset, *, field: str = "amount") -> int:
    """Reads a positive decimal string into base units of `asset`.

    Only digits and one point: no sign, exponent, space or separator. Raises `InvalidAmount`,
    which names `field`, for anything else, for zero, and for more digits than the asset has.
    """
    return parse_units(text, asset.symbol, field=field)


def parse_units(text: str, symbol: str, *, field: str = "amount") -> int:
    """`parse_amount` for the asset or currency called `symbol`."""
    decimals = decimals_of(symbol)
    match = AMOUNT_PATTERN.fullmatch(text)
    if match is None:
        raise InvalidAmount(field=field, reason="format", asset=symbol)
    whole, fraction = match.group(1), match.group(2) or ""
    if len(fraction) > decimals:
        raise InvalidAmount(field=field, reason="precision", asset=symbol)
    base_units = int(whole + fraction.ljust(decimals, "0"))
    if base_units == 0:
        raise InvalidAmount(field=field, reason="zero", asset=symbol)
    return base_units


def format_amount(base_units: int, decimals: int) -> str:
    """The exact decimal string of `base_units`, with all of the asset's digits."""
    sign = "-" if base_units < 0 else ""
    digits = str(abs(base_units)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def format_asset(base_units: int, symbol: str) -> str:
    """`format_amount` with the precision of the asset or currency called `symbol`."""
    return format_amount(base_units, decimals_of(symbol))


def share_rounded_down(base_units: int, *, millionths: int) -> int:
    """A percentage of an amount, rounded down to the base unit (the rule for all fees).

    `millionths` of the whole: 4,800 stands for 0.48 %.
    """
    return base_units * millionths // 1_000_000
