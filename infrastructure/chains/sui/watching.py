"""What became of a transaction, and whom it credited, by the word of one node.

A checkpoint is final on Sui by its validators' signatures. Those are not verified here: the few
more checkpoints that are waited for, a second's worth, are what one node's word is given to be
taken back.
"""

import logging
from collections.abc import Sequence
from typing import Final

from domain.provider.ports.chain import (
    Credit,
    Likeness,
    Movement,
    Presence,
    Sighting,
    TransferPrepared,
)
from domain.shared.assets import SUI
from infrastructure.chains.credits import credited_to, credits_of
from infrastructure.chains.nodes import Node, NodeContradicts, NodeMalformed, NodeUnreached
from infrastructure.chains.sui import addresses, building, rpc
from infrastructure.chains.sui.bcs import NotBcs
from infrastructure.chains.sui.coins import COINS_MAX
from infrastructure.chains.sui.model import (
    Argument,
    Pure,
    SplitCoins,
    Transaction,
    TransferObjects,
)
from infrastructure.chains.sui.reading import read
from infrastructure.chains.sui.wire import Change, Changed, Checkpoint, GasSummary, Seen

logger = logging.getLogger(__name__)

# One input that is used up is enough; what used the first ones mostly used the others as well.
PROOFS_MAX: Final = 5
_STATUSES: Final = {"SUCCESS": True, "FAILURE": False}


async def sighting_at(
    node: Node, digest: str, inputs: tuple[str, ...], finality_depth: int
) -> Sighting:
    # Asked before the transaction: coins that are used by then are used by what this would show.
    rival = await _rival(node, digest, inputs, finality_depth)
    found = await rpc.seen(node, digest)
    if found.transaction is None:
        presence = Presence.SUPERSEDED if rival else Presence.UNKNOWN
        return Sighting(presence=presence, rival=rival)
    return _sighted(found.transaction, found.checkpoint, finality_depth)


async def likeness_at(node: Node, prepared: TransferPrepared, digest: str) -> Likeness:
    """By its commands and what they are given."""
    found = await rpc.changed(node, digest)
    if found is None:
        raise NodeMalformed("a transaction that is not there any more")
    content = rpc.decoded_base64(found[0].transaction_bcs)
    if building.digest_text(building.digest(content)) != digest:
        raise NodeContradicts("the transaction has another digest than the one asked for")
    try:
        other = read(content)
    except NotBcs:
        # Not of the kind that is written here: whom it pays, its bytes do not tell.
        return Likeness.PARTLY
    return building.likeness(read(prepared.payload), other)


async def movements_at(node: Node, digest: str) -> tuple[Movement, ...]:
    """Indices are places among the transaction's balance changes."""
    found = await _landed(node, digest)
    return () if found is None else _movements(found[1])


async def received_at(node: Node, digest: str, wanted: Sequence[str]) -> tuple[Credit, ...]:
    """Balance changes are added up already: who got change has less than before."""
    found = await _landed(node, digest)
    if found is None:
        return ()
    transaction, changes = found
    sender = () if transaction.sender is None else (transaction.sender.address,)
    taken = tuple(
        one.owner.address
        for one in changes
        if one.owner is not None and rpc.is_sui(one.coin_type) and int(one.amount) < 0
    )
    senders = tuple(dict.fromkeys((*sender, *taken)))
    return credited_to(credits_of(digest, _movements(changes), taken={}, senders=senders), wanted)


async def final_height_at(node: Node, finality_depth: int) -> int:
    return await rpc.tip(node) - finality_depth + 1


async def credits_at(
    node: Node, wanted: Sequence[str], *, after: int, up_to: int, finality_depth: int
) -> tuple[Credit, ...]:
    if await final_height_at(node, finality_depth) < up_to:
        raise NodeUnreached("the node is behind")
    found: list[Credit] = []
    for first in range(0, len(wanted), rpc.AFFECTED_ADDRESSES_MAX):
        some = wanted[first : first + rpc.AFFECTED_ADDRESSES_MAX]
        touched = await rpc.affected(node, some, after=after, up_to=up_to)
        for address, digests in touched.items():
            for digest in digests:
                found += await received_at(node, digest, (address,))
    return tuple(found)


async def _landed(node: Node, digest: str) -> tuple[Changed, list[Change]] | None:
    """A transaction in a checkpoint that succeeded, and what it changed."""
    found = await rpc.changed(node, digest)
    if found is None or found[0].effects.checkpoint is None:
        return None
    transaction, changes = found
    if not _succeeded(transaction.effects.status):
        return None
    _demand_fitting(rpc.decoded_base64(transaction.transaction_bcs), digest, changes)
    return transaction, changes


def _movements(changes: Sequence[Change]) -> tuple[Movement, ...]:
    return tuple(
        Movement(index=index, asset=SUI.symbol, address=one.owner.address, amount=int(one.amount))
        for index, one in enumerate(changes)
        if one.owner is not None and _is_credit(one)
    )


async def taken_at(node: Node, digest: str, signer: str) -> tuple[Movement, ...]:
    """What it left the signer with less, without the gas that it charged."""
    found, seen = await rpc.changed(node, digest), (await rpc.seen(node, digest)).transaction
    if found is None or seen is None or seen.effects.checkpoint is None:
        return ()
    transaction, changes = found
    if not _succeeded(transaction.effects.status):
        return ()
    _demand_fitting(rpc.decoded_base64(transaction.transaction_bcs), digest, changes)
    own = [
        (index, -int(one.amount))
        for index, one in enumerate(changes)
        if one.owner is not None and one.owner.address == signer and rpc.is_sui(one.coin_type)
    ]
    left = sum(amount for _index, amount in own) - _net_fee(seen.effects.gas_effects.gas_summary)
    if not own or left <= 0:
        return ()
    return (Movement(index=own[0][0], asset=SUI.symbol, address=signer, amount=left),)


def _sighted(transaction: Seen, tip: Checkpoint, finality_depth: int) -> Sighting:
    effects = transaction.effects
    fee, succeeded = _fee(effects.gas_effects.gas_summary), _succeeded(effects.status)
    if effects.checkpoint is None:
        return Sighting(presence=Presence.PENDING, fee=fee)
    depth = _depth(effects.checkpoint.sequence_number, tip)
    presence = Presence.INCLUDED
    if depth >= finality_depth:
        presence = Presence.FINAL if succeeded else Presence.REVERTED
    return Sighting(presence=presence, depth=depth, block=effects.checkpoint.digest, fee=fee)


def _succeeded(status: str) -> bool:
    """NodeMalformed for a status that is not known: it must not count as a failure, on which money
    is released."""
    if status not in _STATUSES:
        logger.warning("a status of Sui that is not known: %.40s", status)
        raise NodeMalformed("a status that is not known")
    return _STATUSES[status]


def _depth(sequence_number: int, tip: Checkpoint) -> int:
    return max(1, tip.sequence_number - sequence_number + 1)


def _fee(summary: GasSummary) -> int:
    """Merging coins can give back more than it costs; what was charged is then nothing."""
    return max(0, _net_fee(summary))


def _net_fee(summary: GasSummary) -> int:
    return summary.computation_cost + summary.storage_cost - summary.storage_rebate


async def _rival(
    node: Node, digest: str, inputs: tuple[str, ...], finality_depth: int
) -> str | None:
    """Another transaction that is final and is shown to have used one of `inputs`."""
    versions = dict(map(_object_and_version, inputs[:COINS_MAX]))
    if not versions:
        return None
    now = await rpc.current(node, list(versions))
    # An older version than that is of a node that is behind.
    moved_on = [
        one
        for one, held in zip(versions, now, strict=True)
        if held is None or held.version > versions[one]
    ]
    for address in moved_on[:PROOFS_MAX]:
        user, tip = await rpc.user(node, address, versions[address])
        if user is None or user.digest == digest:
            continue
        landed = user.effects.checkpoint
        if landed is not None and _depth(landed.sequence_number, tip) >= finality_depth:
            return user.digest
    return None


def _object_and_version(text: str) -> tuple[str, int]:
    address, _, version = text.rpartition(":")
    return address, int(version)


def _is_credit(change: Change) -> bool:
    return rpc.is_sui(change.coin_type) and int(change.amount) > 0


def _demand_fitting(content: bytes, digest: str, changes: Sequence[Change]) -> None:
    """NodeContradicts where the transaction is another one, or it is a plain transfer of our kind
    and the changes do not credit what it says. What contracts do, its bytes do not show."""
    if building.digest_text(building.digest(content)) != digest:
        raise NodeContradicts("the transaction has another digest than the one asked for")
    plain = _plain_transfer(content)
    if plain is None:
        return
    recipient, amount = plain
    credited = [
        int(one.amount)
        for one in changes
        if one.owner is not None and one.owner.address == recipient and _is_credit(one)
    ]
    if credited != [amount]:
        raise NodeContradicts("another amount than the one that was signed")


def _plain_transfer(content: bytes) -> tuple[str, int] | None:
    """Recipient and amount of a transfer to somebody else, as `building` writes it."""
    try:
        transaction = read(content)
    except NotBcs:
        return None
    match transaction:
        case Transaction(
            inputs=(Pure(amount), Pure(recipient)),
            commands=(
                SplitCoins(Argument("GAS_COIN"), (Argument("INPUT", 0),)),
                TransferObjects((Argument("RESULT", 0),), Argument("INPUT", 1)),
            ),
        ) if addresses.from_bytes(recipient) != transaction.sender:
            return addresses.from_bytes(recipient), int.from_bytes(amount, "little")
    return None
