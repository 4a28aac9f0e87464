"""What became of a transaction, and whom it credited, by the word of one node."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from domain.provider.ports.chain import Movement, Presence, Sighting
from domain.shared.assets import ETH
from infrastructure.chains.ethereum import addresses, rpc, tokens
from infrastructure.chains.ethereum.rivals import rival_at
from infrastructure.chains.ethereum.wire import Receipt, Transaction, quantity
from infrastructure.chains.nodes import Node

_SUCCESS: Final = 1


async def sighting_at(node: Node, transaction_hash: str, inputs: tuple[str, ...]) -> Sighting:
    # Asked before the receipt: a nonce that is used by then is used by what the receipt would show.
    used = await _is_nonce_used(node, inputs)
    found = await rpc.receipt(node, transaction_hash)
    if found is not None and await _is_in_best_chain(node, found):
        return await _included(node, found)
    if await rpc.transaction(node, transaction_hash) is not None:
        return Sighting(presence=Presence.PENDING)
    if not used:
        return Sighting(presence=Presence.UNKNOWN)
    return Sighting(presence=Presence.SUPERSEDED, rival=await rival_at(node, inputs[0]))


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


async def _included(node: Node, receipt: Receipt) -> Sighting:
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
    found = await landed(node, transaction_hash)
    if found is None:
        return ()
    sent = await rpc.proven_transaction(node, transaction_hash)
    return (*own_value(sent), *logged(found))


async def landed(node: Node, transaction_hash: str) -> Receipt | None:
    """Of a transaction that a block has, and that succeeded."""
    found = await rpc.receipt(node, transaction_hash)
    if found is None or quantity(found.status) != _SUCCESS:
        return None
    return found if await _is_in_best_chain(node, found) else None


def own_value(sent: Transaction | None) -> tuple[Movement, ...]:
    """The transaction's own ETH."""
    if sent is None or sent.to is None or quantity(sent.value) == 0:
        return ()
    recipient = addresses.parse(sent.to.lower())
    amount = quantity(sent.value)
    return (Movement(index=0, asset=ETH.symbol, address=recipient, amount=amount),)


async def taken_at(node: Node, transaction_hash: str, signer: str) -> tuple[Movement, ...]:
    found = await landed(node, transaction_hash)
    if found is None:
        return ()
    value = own_value(await rpc.proven_transaction(node, transaction_hash))
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


def logged(receipt: Receipt) -> tuple[Movement, ...]:
    """The transfers of our tokens."""
    # A log's place in its receipt outlives a reorganisation; its place in the block does not.
    read = ((place, tokens.read_transfer(log)) for place, log in enumerate(receipt.logs, 1))
    return tuple(
        Movement(
            index=place, asset=found.asset.symbol, address=found.recipient, amount=found.amount
        )
        for place, found in read
        if found is not None
    )
