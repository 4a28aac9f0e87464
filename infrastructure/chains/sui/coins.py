"""Which coins pay for a transfer, and what it may cost: pure.

The rule is LARGEST FIRST: coins from the largest to the smallest, until they cover amount and
budget. It is the same for the same coins, and easy to check by hand. All that it takes are merged
into the first one, so a wallet's small coins disappear into it over time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infrastructure.chains.sui.addresses import from_bytes
from infrastructure.chains.sui.model import ObjectRef

# The protocol takes 256 coins as gas; with fewer, each transfer stays in the lowest price range.
COINS_MAX: Final = 50
# Computation is charged in steps of 1,000 and 5,000 units; a transfer needs the first of them.
GAS_UNITS_MAX: Final = 5_000
# Two coins are written, at 988,000 MIST of storage each; half as much again for a dearer epoch.
STORAGE_MIST_MAX: Final = 3_000_000
# The protocol's own bound on the price is just below.
FEE_RATE_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    reference: ObjectRef
    balance: int


def budget(fee_rate: int) -> int:
    """The most that a transfer may cost, in MIST; what is not needed is not taken."""
    return GAS_UNITS_MAX * fee_rate + STORAGE_MIST_MAX


def name_of(one: ObjectRef) -> str:
    """An object at its version, as among the inputs of what was prepared: whoever uses it makes
    another version of it."""
    return f"{from_bytes(one.object_id)}:{one.version}"


def select_largest_first(
    coins: Sequence[Coin], needed: int, *, first: str | None = None
) -> tuple[ObjectRef, ...] | None:
    """None where the coins, at most COINS_MAX of them, do not cover what is needed. The coin `first`
    is taken before all others, while it is at that version."""
    largest = sorted(
        coins,
        key=lambda coin: (
            name_of(coin.reference) != first,
            -coin.balance,
            coin.reference.object_id,
        ),
    )
    chosen: list[ObjectRef] = []
    for coin in largest[:COINS_MAX]:
        chosen.append(coin.reference)
        needed -= coin.balance
        if needed <= 0:
            return tuple(chosen)
    return None
