"""What a transaction paid and took, added up to what it left each address with: pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from domain.provider.ports.chain import Credit, Movement

Holding = tuple[str, str]
"""An asset and the address that holds it."""

SENDERS_MAX: Final = 1_000
"""Beyond so many there is no telling who sent it; screening looks at these."""


def credits_of(
    transaction_hash: str,
    movements: Iterable[Movement],
    *,
    taken: Mapping[Holding, int],
    senders: tuple[str, ...] = (),
) -> tuple[Credit, ...]:
    """One for each holding that has more than before, in the order of its first movement. `taken`
    is what the transaction took, fees among it or not; without `senders`, whom it took it from."""
    paid: dict[Holding, list[Movement]] = defaultdict(list)
    for movement in movements:
        paid[movement.asset, movement.address].append(movement)
    found = []
    for (asset, address), parts in paid.items():
        amount = sum(part.amount for part in parts) - taken.get((asset, address), 0)
        if amount <= 0:
            continue
        known = senders or tuple(owner for symbol, owner in taken if symbol == asset)
        found.append(
            Credit(
                transaction_hash=transaction_hash,
                index=parts[0].index,
                asset=asset,
                address=address,
                amount=amount,
                senders=known[:SENDERS_MAX],
            )
        )
    return tuple(found)


def credited_to(found: Iterable[Credit], addresses: Iterable[str]) -> tuple[Credit, ...]:
    """Those of them that are about one of `addresses`."""
    ours = frozenset(addresses)
    return tuple(credit for credit in found if credit.address in ours)
