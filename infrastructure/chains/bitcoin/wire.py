"""What Esplora sends, as far as it is read here; these types never leave the adapter.

Source: the API page of Blockstream's Esplora. Unknown members are ignored.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

# 21 million bitcoin: no amount can be larger.
Satoshi = Annotated[int, Meta(ge=0, le=2_100_000_000_000_000)]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Wire(msgspec.Struct, frozen=True):
    pass


class Status(Wire, frozen=True):
    confirmed: bool
    block_height: int | None = None
    block_hash: Hash | None = None


class Prevout(Wire, frozen=True):
    """The output that an input spends."""

    scriptpubkey: str
    value: Satoshi


class Input(Wire, frozen=True):
    """Without `prevout` where the coins are new."""

    prevout: Prevout | None = None


class Transaction(Wire, frozen=True):
    txid: Hash
    fee: Satoshi
    status: Status
    vin: list[Input] = []


class Unspent(Wire, frozen=True):
    txid: Hash
    vout: int
    value: Satoshi
    status: Status


class Outspend(Wire, frozen=True):
    spent: bool
    txid: Hash | None = None
    status: Status | None = None


class Sums(Wire, frozen=True):
    funded_txo_sum: Satoshi
    spent_txo_sum: Satoshi


class AddressInfo(Wire, frozen=True):
    address: str
    chain_stats: Sums


class BlockStatus(Wire, frozen=True):
    in_best_chain: bool
