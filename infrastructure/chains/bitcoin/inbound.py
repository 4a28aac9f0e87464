"""Whom a transaction credited, and which transactions credited an address, by the word of one node."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from embit.transaction import Transaction as RawTransaction

from domain.provider.ports.chain import Credit, Movement
from domain.shared.assets import BTC
from infrastructure.chains.bitcoin import addresses, esplora
from infrastructure.chains.bitcoin.wire import Status, Transaction
from infrastructure.chains.credits import Holding, credited_to, credits_of
from infrastructure.chains.nodes import Node, NodeContradicts, NodeMalformed, NodeUnreached

PAGES_MAX: Final = 400
"""Ten thousand transactions of one address in one look: nobody's wallet, and a bound on questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The blocks behind `after` and not behind `up_to`."""

    after: int
    up_to: int
    finality_depth: int


async def is_included(node: Node, status: Status) -> bool:
    """Whether its block still counts: after a reorganisation a node may name one that does not."""
    if not status.confirmed or status.block_hash is None:
        return False
    return await esplora.is_in_best_chain(node, status.block_hash)


async def movements_at(node: Node, txid: str) -> tuple[Movement, ...]:
    found = await esplora.transaction(node, txid)
    if found is None or not await is_included(node, found.status):
        return ()
    return _movements(await esplora.raw_transaction(node, txid))


async def received_at(node: Node, txid: str, wanted: Sequence[str]) -> tuple[Credit, ...]:
    found = await esplora.transaction(node, txid)
    if found is None or not await is_included(node, found.status):
        return ()
    return credited_to(await _received(node, found), wanted)


async def final_height_at(node: Node, finality_depth: int) -> int:
    return await esplora.tip_height(node) - finality_depth + 1


async def credits_at(node: Node, wanted: Sequence[str], span: Span) -> tuple[Credit, ...]:
    if await final_height_at(node, span.finality_depth) < span.up_to:
        raise NodeUnreached("the node is behind")
    found: list[Credit] = []
    for address in wanted:
        for one in await _in_span(node, address, span):
            found += credited_to(await _received(node, one), (address,))
    return tuple(found)


async def _in_span(node: Node, address: str, span: Span) -> list[Transaction]:
    """The oldest first. Nodes list the newest first, so it is walked back to the span's begin."""
    found: list[Transaction] = []
    before: str | None = None
    for _page in range(PAGES_MAX):
        page = await esplora.history(node, address, before)
        for one in page:
            height = one.status.block_height
            if height is None:
                raise NodeMalformed("a transaction in a block without its height")
            if height <= span.after:
                return found[::-1]
            if height <= span.up_to:
                found.append(one)
        if len(page) < esplora.HISTORY_PAGE:
            return found[::-1]
        before = page[-1].txid
    raise NodeContradicts(f"the transactions of {address} never end")


async def _received(node: Node, found: Transaction) -> tuple[Credit, ...]:
    taken: dict[Holding, int] = defaultdict(int)
    for spent in found.vin:
        owner = None if spent.prevout is None else _owner(spent.prevout.scriptpubkey)
        if spent.prevout is not None and owner is not None:
            taken[BTC.symbol, owner] += spent.prevout.value
    raw = await esplora.raw_transaction(node, found.txid)
    return credits_of(found.txid, _movements(raw), taken=taken)


def _owner(script: str) -> str | None:
    try:
        return addresses.address_of(bytes.fromhex(script))
    except ValueError as error:
        raise NodeMalformed("a script that is not readable") from error


def _movements(transaction: RawTransaction) -> tuple[Movement, ...]:
    return tuple(
        Movement(index=index, asset=BTC.symbol, address=address, amount=output.value)
        for index, output in enumerate(transaction.vout)
        if (address := addresses.address_of(output.script_pubkey.data)) is not None
    )
