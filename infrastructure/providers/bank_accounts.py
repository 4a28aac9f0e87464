"""What off-ramps share about users' bank accounts."""

from collections.abc import Mapping
from typing import Final

from domain.provider.ports.offramp import PayoutRail

CURRENCIES: Final[Mapping[PayoutRail, str]] = {
    PayoutRail.ACH: "USD",
    PayoutRail.WIRE: "USD",
    PayoutRail.SEPA: "EUR",
    PayoutRail.FASTER_PAYMENTS: "GBP",
    PayoutRail.PIX: "BRL",
}
"""What each rail moves."""
_TAIL: Final = 4


def tail(number: str) -> str:
    """The last four characters of what names an account: they may be shown."""
    return number[-_TAIL:]


def two_names(owner: str) -> tuple[str, str]:
    """Where a provider asks for two names, who has one alone is given it twice."""
    first, _, last = owner.strip().partition(" ")
    return first, last.strip() or first
