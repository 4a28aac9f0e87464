"""Esplora's HTTP API at one node, path by path: typed answers or NodeErrors, no policy."""

from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from embit.transaction import Transaction as RawTransaction
from msgspec.json import Decoder

from infrastructure.chains.bitcoin.outcomes import refusal_of
from infrastructure.chains.bitcoin.wire import (
    AddressInfo,
    BlockStatus,
    Outspend,
    Transaction,
    Unspent,
)
from infrastructure.chains.nodes import Node, NodeContradicts, NodeMalformed, NodeRefused
from infrastructure.http import HttpResponse

_OK: Final = 200
_NOT_FOUND: Final = 404
_TXID_BYTES: Final = 32
# What the API answers at once.
HISTORY_PAGE: Final = 25

Result = TypeVar("Result")
_ADDRESS: Final[Decoder[AddressInfo]] = Decoder(AddressInfo)
_BLOCK_STATUS: Final[Decoder[BlockStatus]] = Decoder(BlockStatus)
_ESTIMATES: Final[Decoder[dict[str, Decimal]]] = Decoder(dict[str, Decimal])
_HISTORY: Final[Decoder[list[Transaction]]] = Decoder(list[Transaction])
_OUTSPEND: Final[Decoder[Outspend]] = Decoder(Outspend)
_TRANSACTION: Final[Decoder[Transaction]] = Decoder(Transaction)
_UNSPENT: Final[Decoder[list[Unspent]]] = Decoder(list[Unspent])


async def fee_estimates(node: Node) -> dict[str, Decimal]:
    """Satoshi a virtual byte, by the number of blocks to wait."""
    return _decoded(await node.ask("GET", "/fee-estimates"), _ESTIMATES)


async def confirmed_sum(node: Node, address: str) -> int:
    """What the blocks leave to `address`, without what is in the mempool."""
    info = _decoded(await node.ask("GET", f"/address/{address}"), _ADDRESS)
    if info.address != address:
        raise NodeContradicts("the balance is of another address")
    return info.chain_stats.funded_txo_sum - info.chain_stats.spent_txo_sum


async def unspent(node: Node, address: str) -> list[Unspent]:
    return _decoded(await node.ask("GET", f"/address/{address}/utxo"), _UNSPENT)


async def transaction(node: Node, txid: str) -> Transaction | None:
    """None where the node does not know it."""
    answer = await node.ask("GET", f"/tx/{txid}")
    if answer.status == _NOT_FOUND:
        return None
    found = _decoded(answer, _TRANSACTION)
    if found.txid != txid:
        raise NodeContradicts("another transaction than the one asked for")
    return found


async def history(node: Node, address: str, before: str | None) -> list[Transaction]:
    """Transactions in blocks that pay or spend from `address`, HISTORY_PAGE of them, the newest
    first; those behind `before` in that order."""
    place = "" if before is None else f"/{before}"
    return _decoded(await node.ask("GET", f"/address/{address}/txs/chain{place}"), _HISTORY)


async def raw_transaction(node: Node, txid: str) -> RawTransaction:
    """Its content, which the identifier proves: a node cannot lie about it."""
    answer = await node.ask("GET", f"/tx/{txid}/hex")
    _demand(answer)
    try:
        raw = bytes.fromhex(answer.body.decode("ascii").strip())
        parsed = RawTransaction.parse(raw)
    except Exception as error:
        # embit raises whatever it runs into where bytes are cut off.
        raise NodeMalformed("the transaction is not readable") from error
    if parsed.txid().hex() != txid:
        raise NodeContradicts("the transaction has another identifier than the one asked for")
    return parsed


async def outspend(node: Node, txid: str, vout: int) -> Outspend:
    """What spends an output. An output that the node does not know counts as unspent."""
    answer = await node.ask("GET", f"/tx/{txid}/outspend/{vout}")
    if answer.status == _NOT_FOUND:
        return Outspend(spent=False)
    return _decoded(answer, _OUTSPEND)


async def tip_height(node: Node) -> int:
    answer = await node.ask("GET", "/blocks/tip/height")
    _demand(answer)
    text = answer.body.decode("ascii", "replace").strip()
    if not text.isdigit():
        raise NodeMalformed("the height is no number")
    return int(text)


async def is_in_best_chain(node: Node, block: str) -> bool:
    answer = await node.ask("GET", f"/block/{block}/status")
    if answer.status == _NOT_FOUND:
        return False
    return _decoded(answer, _BLOCK_STATUS).in_best_chain


async def broadcast(node: Node, raw: bytes) -> str:
    """The identifier that the node gives it; NodeRefused, in Bitcoin Core's words, otherwise."""
    answer = await node.ask("POST", "/tx", content=raw.hex().encode(), idempotent=False)
    text = answer.body.decode("utf-8", "replace").strip()
    if answer.status != _OK:
        raise refusal_of(answer.status, text)
    if len(text) != 2 * _TXID_BYTES:
        raise NodeMalformed("the answer is no transaction identifier")
    return text


def _decoded(answer: HttpResponse, decoder: Decoder[Result]) -> Result:
    _demand(answer)
    try:
        return decoder.decode(answer.body)
    except msgspec.MsgspecError as error:
        answer.unreadable()
        raise NodeMalformed(str(error)) from error


def _demand(answer: HttpResponse) -> None:
    if answer.status != _OK:
        reason = answer.body[:200].decode("utf-8", "replace")
        raise NodeRefused(f"HTTP {answer.status}: {reason}", str(answer.status))
