"""What became of a transaction, and whom it credited, by the word of one node.

A checkpoint is final on Sui by its validators' signatures. Those are not verified here: the few
more checkpoints that are waited for, a second's worth, are what one node's word is given to be
taken back.
"""

from collections.abc import Sequence
from typing import Final

from domain.provider.ports.chain import Movement, Presence, Sighting
from domain.shared.assets import SUI
from infrastructure.chains.nodes import Node, NodeContradicts
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
from infrastructure.chains.sui.wire import Change, Checkpoint, GasSummary, Seen

SUCCESS: Final = "SUCCESS"


async def sighting_at(
    node: Node, digest: str, inputs: tuple[str, ...], finality_depth: int
) -> Sighting:
    # Asked before the transaction: coins that are used by then are used by what this would show.
    used = await _is_used(node, digest, inputs, finality_depth)
    found = await rpc.seen(node, digest)
    if found.transaction is None:
        return Sighting(presence=Presence.SUPERSEDED if used else Presence.UNKNOWN)
    return _sighted(found.transaction, found.checkpoint, finality_depth)


async def movements_at(node: Node, digest: str) -> tuple[Movement, ...]:
    """Indices are places among the transaction's balance changes."""
    found = await rpc.changed(node, digest)
    if found is None or found[0].effects.checkpoint is None:
        return ()
    transaction, changes = found
    if transaction.effects.status != SUCCESS:
        return ()
    _demand_fitting(rpc.decoded_base64(transaction.transaction_bcs), digest, changes)
    return tuple(
        Movement(index=index, asset=SUI.symbol, address=one.owner.address, amount=int(one.amount))
        for index, one in enumerate(changes)
        if one.owner is not None and _is_credit(one)
    )


def _sighted(transaction: Seen, tip: Checkpoint, finality_depth: int) -> Sighting:
    effects = transaction.effects
    fee = _fee(effects.gas_effects.gas_summary)
    if effects.checkpoint is None:
        return Sighting(presence=Presence.PENDING, fee=fee)
    depth = _depth(effects.checkpoint.sequence_number, tip)
    presence = Presence.INCLUDED
    if depth >= finality_depth:
        presence = Presence.FINAL if effects.status == SUCCESS else Presence.REVERTED
    return Sighting(presence=presence, depth=depth, block=effects.checkpoint.digest, fee=fee)


def _depth(sequence_number: int, tip: Checkpoint) -> int:
    return max(1, tip.sequence_number - sequence_number + 1)


def _fee(summary: GasSummary) -> int:
    """Merging coins can give back more than it costs; what was charged is then nothing."""
    charged = summary.computation_cost + summary.storage_cost - summary.storage_rebate
    return max(0, charged)


async def _is_used(node: Node, digest: str, inputs: tuple[str, ...], finality_depth: int) -> bool:
    """Whether another transaction that is final has used one of `inputs`."""
    versions = dict(_object_and_version(one) for one in inputs[:COINS_MAX])
    if not versions:
        return False
    now = await rpc.current(node, list(versions))
    for (address, version), held in zip(versions.items(), now, strict=True):
        if held is not None and held.version == version:
            continue
        found = await rpc.users(node, address)
        others = [
            one
            for one in found.transactions.nodes
            # Whatever changes an object gives it a version above all that it had.
            if one.digest != digest and one.effects.lamport_version > version
        ]
        landed = [one.effects.checkpoint for one in others if one.effects.checkpoint is not None]
        if any(_depth(one.sequence_number, found.checkpoint) >= finality_depth for one in landed):
            return True
    return False


def _object_and_version(text: str) -> tuple[str, int]:
    address, _, version = text.rpartition(":")
    return address, int(version)


def _is_credit(change: Change) -> bool:
    return change.coin_type.repr == rpc.SUI_TYPE and int(change.amount) > 0


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
