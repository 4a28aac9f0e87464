"""Due's decimal strings as whole units, and back; exact, never a float."""

from domain.shared.money import AMOUNT_PATTERN, format_amount


class NotAnAmount(ValueError):
    """Text that is no plain decimal, or finer than the unit."""


def exact(text: str, *, decimals: int) -> int:
    """Raises NotAnAmount; zeros behind the last digit are no digits."""
    whole, fraction = _parts(text)
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise NotAnAmount(text)
    return int(whole + fraction.ljust(decimals, "0"))


def rounded_down(text: str, *, decimals: int) -> int:
    """As `exact`, but what is finer than the unit is left off."""
    whole, fraction = _parts(text)
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def written(units: int, *, decimals: int) -> str:
    """At least two digits behind the point, and no zeros that say nothing."""
    text = format_amount(units, decimals)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _parts(text: str) -> tuple[str, str]:
    match = AMOUNT_PATTERN.fullmatch(text)
    if match is None:
        raise NotAnAmount(text)
    return match.group(1), match.group(2) or ""
