"""What gas costs, by the fees of the last blocks."""

from dataclasses import dataclass
from statistics import median_low
from typing import Final

from infrastructure.chains.ethereum import rpc
from infrastructure.chains.ethereum.wire import FeeHistory, quantity
from infrastructure.chains.nodes import Node, NodeContradicts, NodeMalformed

# A third block may come before the transaction is taken: the base fee can rise by an eighth a block.
BASE_FEE_FACTOR: Final = 2
PRIORITY_FEE_MIN: Final = 10**8
# Beyond what was ever paid: wei per gas.
FEE_RATE_MAX: Final = 10**13


@dataclass(frozen=True, slots=True)
class Prices:
    """Wei per gas: what the next block takes at least, and what is paid beside it."""

    base_fee: int
    priority_fee: int

    @property
    def rate(self) -> int:
        return BASE_FEE_FACTOR * self.base_fee + self.priority_fee


async def prices_at(node: Node) -> Prices:
    return _prices(await rpc.fee_history(node))


def _prices(history: FeeHistory) -> Prices:
    if not history.base_fee_per_gas:
        raise NodeMalformed("no base fee")
    rewards = [quantity(block[0]) for block in history.reward or [] if block]
    prices = Prices(
        base_fee=quantity(history.base_fee_per_gas[-1]),
        priority_fee=max(PRIORITY_FEE_MIN, median_low(rewards) if rewards else 0),
    )
    if prices.rate > FEE_RATE_MAX:
        raise NodeContradicts("a fee rate beyond belief")
    return prices
