"""What became of a transaction, and whom it credited, by the word of one node."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from domain.provider.ports.chain import Credit, Movement, Presence, Sighting
from domain.shared.assets import ETH
from infrastructure.chains.credits import Holding, credited_to, credits_of
from infrastructure.chains.ethereum import addresses, rpc, tokens
from infrastructure.chains.ethereum.wire import Receipt, Transaction, quantity
from infrastructure.chains.nodes import Node, NodeMalformed, NodeUnreached

_SUCCESS: Final = 1


async def sighting_at(node: Node, transaction_hash: str, inputs: tuple[str, ...]) -> Sighting:
    # Asked before the receipt: a nonce that is used by then is used by what the receipt would show.
    used = await _is_nonce_used(node, inputs)
    found = await rpc.receipt(node, transaction_hash)
    if found is not None and await _is_in_best_chain(node, found):
        return await _landed(node, found)
    if await rpc.transaction(node, transaction_hash) is not None:
        return Sighting(presence=Presence.PENDING)
    return Sighting(presence=Presence.SUPERSEDED if used else Presence.UNKNOWN)


async def _is_nonce_used(node: Node, inputs: tuple[str, ...]) -> bool:
    """Whether the finalised chain holds transactions with all of these nonces."""
    for one in inputs:
        address, _, nonce = one.rpartition(":")
        if await rpc.transaction_count(node, address, "finalized") <= int(nonce):
            return False
    return bool(inputs)


async def _is_in_best_chain(node: Node, receipt: Receipt) -> bool:
    """Whether its block still counts: after a reorganisation a node may name one that does not."""
    block = await rpc.block(node, receipt.block_number)
    return block is not None and block.hash == receipt.block_hash


async def _landed(node: Node, receipt: Receipt) -> Sighting:
    number = quantity(receipt.block_number)
    finalized = await rpc.block(node, "finalized")
    presence = Presence.INCLUDED
    if finalized is not None and quantity(finalized.number) >= number:
        succeeded = quantity(receipt.status) == _SUCCESS
        presence = Presence.FINAL if succeeded else Presence.REVERTED
    return Sighting(
        presence=presence,
        depth=max(1, await rpc.block_number(node) - number + 1),
        block=receipt.block_hash,
        fee=quantity(receipt.gas_used) * quantity(receipt.effective_gas_price),
    )


async def movements_at(node: Node, transaction_hash: str) -> tuple[Movement, ...]:
    found = await rpc.receipt(node, transaction_hash)
    if found is None or quantity(found.status) != _SUCCESS:
        return ()
    if not await _is_in_best_chain(node, found):
        return ()
    sent = await rpc.proven_transaction(node, transaction_hash)
    return (*_own_value(sent), *_logged(found))


async def received_at(node: Node, transaction_hash: str) -> tuple[Credit, ...]:
    found = await rpc.receipt(node, transaction_hash)
    if found is None or quantity(found.status) != _SUCCESS:
        return ()
    if not await _is_in_best_chain(node, found):
        return ()
    sent = await rpc.proven_transaction(node, transaction_hash)
    taken: dict[Holding, int] = defaultdict(int)
    if sent is not None and (value := quantity(sent.value)):
        taken[ETH.symbol, addresses.parse(sent.sender.lower())] += value
    for log in found.logs:
        transfer = tokens.read_transfer(log)
        if transfer is not None:
            taken[transfer.asset.symbol, transfer.sender] += transfer.amount
    return credits_of(transaction_hash, (*_own_value(sent), *_logged(found)), taken=taken)


async def final_height_at(node: Node) -> int:
    finalized = await rpc.block(node, "finalized")
    if finalized is None:
        raise NodeMalformed("no finalised block")
    return quantity(finalized.number)


async def credits_at(
    node: Node, wanted: Sequence[str], *, after: int, up_to: int
) -> tuple[Credit, ...]:
    """Looked for in every block and in all transfers of our tokens, which are few: the same work
    for one address as for many."""
    if await final_height_at(node) < up_to:
        raise NodeUnreached("the node is behind")
    if after >= up_to:
        return ()
    ours = frozenset(wanted)
    transfers = await rpc.logs(
        node,
        contracts=list(tokens.BY_CONTRACT),
        topic=tokens.TRANSFER_TOPIC,
        first=after + 1,
        last=up_to,
    )
    hashes = dict.fromkeys(
        log.transaction_hash
        for log in transfers
        if (transfer := tokens.read_transfer(log)) is not None and transfer.recipient in ours
    )
    for number in range(after + 1, up_to + 1):
        block = await rpc.full_block(node, number)
        hashes |= dict.fromkeys(
            sent.hash
            for sent in block.transactions
            if sent.to is not None and addresses.parse(sent.to.lower()) in ours
        )
    credits_: list[Credit] = []
    for transaction_hash in hashes:
        credits_ += credited_to(await received_at(node, transaction_hash), ours)
    return tuple(credits_)


def _own_value(sent: Transaction | None) -> tuple[Movement, ...]:
    if sent is None or sent.to is None or quantity(sent.value) == 0:
        return ()
    recipient = addresses.parse(sent.to.lower())
    amount = quantity(sent.value)
    return (Movement(index=0, asset=ETH.symbol, address=recipient, amount=amount),)


async def taken_at(node: Node, transaction_hash: str, signer: str) -> tuple[Movement, ...]:
    found = await rpc.receipt(node, transaction_hash)
    if found is None or quantity(found.status) != _SUCCESS:
        return ()
    if not await _is_in_best_chain(node, found):
        return ()
    value = _own_value(await rpc.proven_transaction(node, transaction_hash))
    own = tuple(replace(one, address=signer) for one in value)
    return (*own, *_tokens_taken(found, signer))


def _tokens_taken(receipt: Receipt, signer: str) -> Iterator[Movement]:
    """Each token's balance of what went and what came back, at the place of its first log."""
    totals: dict[str, Movement] = {}
    for place, log in enumerate(receipt.logs, 1):
        moved = tokens.read_transfer(log)
        if moved is None or signer not in {moved.sender, moved.recipient}:
            continue
        gone = moved.amount * ((moved.sender == signer) - (moved.recipient == signer))
        symbol = moved.asset.symbol
        nothing = Movement(index=place, asset=symbol, address=signer, amount=0)
        before = totals.get(symbol, nothing)
        totals[symbol] = replace(before, amount=before.amount + gone)
    return (one for one in totals.values() if one.amount > 0)


def _logged(receipt: Receipt) -> tuple[Movement, ...]:
    # A log's place in its receipt outlives a reorganisation; its place in the block does not.
    read = ((place, tokens.read_transfer(log)) for place, log in enumerate(receipt.logs, 1))
    return tuple(
        Movement(
            index=place, asset=found.asset.symbol, address=found.recipient, amount=found.amount
        )
        for place, found in read
        if found is not None
    )
