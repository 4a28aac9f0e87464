"""What Ethereum's JSON-RPC sends, as far as it is read here; these types never leave the adapter.

Source: github.com/ethereum/execution-apis. Unknown members are ignored: nodes add their own.
Quantities are hexadecimal text; `quantity` reads them.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Quantity = Annotated[str, Meta(pattern="^0x(0|[1-9a-f][0-9a-f]{0,63})$")]
Hash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
Address = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{40}$")]
Data = Annotated[str, Meta(pattern="^0x([0-9a-f]{2})*$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Failure(Wire, frozen=True):
    code: int
    message: str


class Answer(Wire, frozen=True):
    """`result` stays raw until the method says what it is."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Failure | None = None


class Log(Wire, frozen=True):
    address: Address
    topics: list[Hash]
    data: Data
    removed: bool = False


class Receipt(Wire, frozen=True):
    transaction_hash: Hash
    block_hash: Hash
    block_number: Quantity
    transaction_index: Quantity
    status: Quantity
    gas_used: Quantity
    effective_gas_price: Quantity
    logs: list[Log]


class PlacedLog(Log, frozen=True, kw_only=True):
    """A log with the transaction that it is of."""

    transaction_hash: Hash


class Transaction(Wire, frozen=True):
    hash: Hash
    value: Quantity
    sender: Address = msgspec.field(name="from")
    to: Address | None = None
    input: Data | None = None
    block_hash: Hash | None = None
    nonce: Quantity | None = None


class BalanceChange(Wire, frozen=True):
    """The balance that the transaction at that place, counted from 1, has left."""

    index: Quantity
    value: Quantity


class AccountAccess(Wire, frozen=True):
    """What a block did to an account, as far as it is read here."""

    address: Address
    balance_changes: list[BalanceChange] = []


class Block(Wire, frozen=True):
    number: Quantity
    hash: Hash


class FullBlock(Block, frozen=True):
    """A block with its transactions."""

    transactions: list[Transaction]


class FeeHistory(Wire, frozen=True):
    """`base_fee_per_gas` ends with the next block's."""

    base_fee_per_gas: list[Quantity]
    reward: list[list[Quantity]] | None = None


def quantity(text: str) -> int:
    return int(text, 16)
