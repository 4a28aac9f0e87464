"""Decimal strings into integers, exactly."""

import re
from typing import Final

_DECIMAL: Final = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?", re.ASCII)
FIAT_DECIMALS: Final = 2


class NotExact(ValueError):
    """The text is no decimal number, or has more digits than its asset."""


def units_of(text: str, decimals: int) -> int:
    """Zeros behind the last digit of the asset are let pass: they change nothing."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise NotExact("not a decimal number")
    fraction = (match.group(2) or "").rstrip("0")
    if len(fraction) > decimals:
        raise NotExact("more digits than the asset has")
    return int(match.group(1) + fraction.ljust(decimals, "0"))


def cents_of(text: str) -> int:
    return units_of(text, FIAT_DECIMALS)
