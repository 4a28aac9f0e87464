"""Which coins pay for a transfer, and how large the transaction will be: pure.

The rule is LARGEST FIRST: confirmed coins from the largest to the smallest, until they cover
amount and fee. It needs the fewest inputs and so the smallest fee now, it is the same for the same
coins, and it is easy to check by hand. Coins that cost more to spend than they are worth are left
alone. What is left over goes back to the sender, or to the fee where it would be dust.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infrastructure.chains.bitcoin.addresses import Kind

# A PSBT names each input's whole parent: a bound on its size, and on questions to the node.
INPUTS_MAX: Final = 50
# Bitcoin Core's dust at its default of 3 satoshi a virtual byte, by what the output costs to spend.
DUST: Final = {Kind.P2PKH: 546, Kind.P2SH: 540, Kind.P2WPKH: 294, Kind.P2WSH: 330, Kind.P2TR: 330}
SPENDABLE: Final = frozenset({Kind.P2WPKH, Kind.P2TR})

_WEIGHT_PER_BYTE: Final = 4
# Version, locktime and the counts of inputs and outputs; then the witness's marker and flag.
_OVERHEAD_WEIGHT: Final = 4 * (4 + 4 + 1 + 1) + 2
# Outpoint, empty script and sequence; then count, lengths, signature and, for P2WPKH, the key.
_INPUT_WEIGHT: Final = {
    Kind.P2WPKH: 4 * 41 + 1 + 1 + 72 + 1 + 33,
    Kind.P2TR: 4 * 41 + 1 + 1 + 64,
}
_OUTPUT_BASE_BYTES: Final = 8 + 1
_RATE_BYTES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    txid: str
    vout: int
    value: int

    @property
    def outpoint(self) -> str:
        return f"{self.txid}:{self.vout}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`change` is 0 where there is none."""

    coins: tuple[Coin, ...]
    fee: int
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`fee_rate` in satoshi per 1,000 virtual bytes; scripts raw."""

    amount: int
    fee_rate: int
    sender_kind: Kind
    sender_script: bytes
    recipient_script: bytes

    def fee(self, inputs: int, *, with_change: bool) -> int:
        """The fee for that many inputs, rounded up."""
        outputs = [self.recipient_script, *([self.sender_script] if with_change else [])]
        size = virtual_bytes(self.sender_kind, inputs, outputs)
        return -(-size * self.fee_rate // _RATE_BYTES)


def virtual_bytes(kind: Kind, inputs: int, outputs: Sequence[bytes]) -> int:
    """The size of a signed transaction, rounded up; signatures at their largest."""
    weight = _OVERHEAD_WEIGHT + inputs * _INPUT_WEIGHT[kind]
    weight += sum(_WEIGHT_PER_BYTE * (_OUTPUT_BASE_BYTES + len(script)) for script in outputs)
    return -(-weight // _WEIGHT_PER_BYTE)


def select_largest_first(
    coins: Sequence[Coin], wish: Wish, *, first: str | None = None
) -> Selection | None:
    """None where the coins, at most INPUTS_MAX of them, do not cover amount and fee. The coin `first`
    is taken before all others, whatever is in it."""
    cost = wish.fee(1, with_change=False) - wish.fee(0, with_change=False)
    worthy = sorted(
        (coin for coin in coins if coin.value > cost or coin.outpoint == first),
        key=lambda coin: (coin.outpoint != first, -coin.value, coin.txid, coin.vout),
    )
    chosen: list[Coin] = []
    for coin in worthy[:INPUTS_MAX]:
        chosen.append(coin)
        left = sum(one.value for one in chosen) - wish.amount
        if left >= wish.fee(len(chosen), with_change=False):
            return _with_change(tuple(chosen), left, wish)
    return None


def _with_change(coins: tuple[Coin, ...], left: int, wish: Wish) -> Selection:
    fee = wish.fee(len(coins), with_change=True)
    change = left - fee
    if change >= DUST[wish.sender_kind]:
        return Selection(coins=coins, fee=fee, change=change)
    return Selection(coins=coins, fee=left, change=0)
