"""Providers' decimal strings as whole units, and back; exact, never a float."""

import re
from decimal import Decimal
from typing import Final

from domain.shared.money import AMOUNT_PATTERN, format_amount

CENT_DECIMALS: Final = 2
_MICRO_DIGITS: Final = 6
# A dollar price beyond this is a mistake of somebody's.
_USD_MAX: Final = Decimal(10) ** 12
_PADDED: Final = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?", re.ASCII)


class NotAnAmount(ValueError):
    """Text that is no decimal number, or finer than the unit; it says which, not the text."""


def exact(text: str, *, decimals: int) -> int:
    """Raises NotAnAmount; zeros behind the last digit are no digits."""
    return _units(*_parts(text, AMOUNT_PATTERN), decimals)


def exact_padded(text: str, *, decimals: int) -> int:
    """As `exact`, but zeros in front of the first digit are let pass too, and thirty digits."""
    return _units(*_parts(text, _PADDED), decimals)


def rounded_down(text: str, *, decimals: int) -> int:
    """As `exact`, but what is finer than the unit is left off."""
    whole, fraction = _parts(text, AMOUNT_PATTERN)
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def is_exactly(units: int, text: str, *, decimals: int) -> bool:
    """Whether `text` says so; False also for what is no amount."""
    try:
        return exact(text, decimals=decimals) == units
    except NotAnAmount:
        return False


def written(units: int, *, decimals: int) -> str:
    """At least two digits behind the point, and no zeros that say nothing."""
    text = format_amount(units, decimals)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def micro_usd(usd: Decimal) -> int | None:
    """A price in dollars to the nearest millionth; None for what is no price."""
    if not usd.is_finite() or not 0 < usd < _USD_MAX:
        return None
    return int(usd.scaleb(_MICRO_DIGITS).to_integral_value()) or None


def _units(whole: str, fraction: str, decimals: int) -> int:
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise NotAnAmount("more digits than the asset has")
    return int(whole + fraction.ljust(decimals, "0"))


def _parts(text: str, grammar: re.Pattern[str]) -> tuple[str, str]:
    match = grammar.fullmatch(text)
    if match is None:
        raise NotAnAmount("not a decimal number")
    return match.group(1), match.group(2) or ""
