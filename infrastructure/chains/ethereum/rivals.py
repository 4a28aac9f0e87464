"""Which transaction used a nonce, and what it does of what was prepared for that nonce."""

from typing import Final

from domain.provider.ports.chain import Likeness, TransferPrepared
from infrastructure.chains.ethereum import addresses, rpc, signing, tokens
from infrastructure.chains.ethereum.wire import quantity
from infrastructure.chains.nodes import Node, NodeMalformed, NodeRefused

BLOCKS_MAX: Final = 2**17
"""How far back it is looked for: two weeks and more. What was signed before that is a person's."""
_WORD_BYTES: Final = 32
_ADDRESS_BYTES: Final = 20


async def rival_at(node: Node, place: str) -> str | None:
    """The final transaction that has the nonce of that place (`address:nonce`); None where a node
    that keeps no history cannot tell."""
    address, _, nonce = place.rpartition(":")
    try:
        block = await _block_with(node, address, int(nonce))
        if block is None:
            return None
        found = await rpc.full_block(node, block)
    except NodeRefused:
        return None
    for sent in found.transactions:
        if sent.nonce is None or quantity(sent.nonce) != int(nonce):
            continue
        if addresses.parse(sent.sender.lower()) == address:
            return sent.hash
    return None


async def likeness_at(node: Node, prepared: TransferPrepared, transaction_hash: str) -> Likeness:
    other = await rpc.proven_transaction(node, transaction_hash)
    if other is None:
        raise NodeMalformed("a transaction that is not there any more")
    to, value, data = signing.action_of(prepared)
    place = bytes.fromhex((other.to or "0x")[2:])
    content = bytes.fromhex((other.input or "0x")[2:])
    if (place, quantity(other.value), content) == (to, value, data):
        return Likeness.SAME
    own = addresses.to_bytes(prepared.inputs[0].rpartition(":")[0])
    # Everybody's transfers of a token call the same contract: whom they pay is in the data.
    called = set() if tokens.gives_away(data) else {to}
    named = (called | _named(data)) - {own}
    is_named = place in named or any(each in content for each in named)
    return Likeness.PARTLY if is_named else Likeness.OTHER


def _named(data: bytes) -> set[bytes]:
    """Addresses among a call's arguments, as far as they are words of their own."""
    words = (data[at : at + _WORD_BYTES] for at in range(4, len(data), _WORD_BYTES))
    padding = bytes(_WORD_BYTES - _ADDRESS_BYTES)
    return {
        word[-_ADDRESS_BYTES:]
        for word in words
        if len(word) == _WORD_BYTES
        and word.startswith(padding)
        # Numbers are padded too, but are small.
        and word[len(padding) : len(padding) + 4] != bytes(4)
    }


async def _block_with(node: Node, address: str, nonce: int) -> int | None:
    """The first block behind which the account has used it, by halves."""
    finalized = await rpc.block(node, "finalized")
    if finalized is None:
        return None

    async def is_used_at(number: int) -> bool:
        return await rpc.transaction_count(node, address, hex(number)) > nonce

    used = quantity(finalized.number)
    unused = max(0, used - BLOCKS_MAX)
    if not await is_used_at(used) or await is_used_at(unused):
        return None
    while used - unused > 1:
        middle = (used + unused) // 2
        if await is_used_at(middle):
            used = middle
        else:
            unused = middle
    return used
