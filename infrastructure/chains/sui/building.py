"""Writes the TransactionData of a transfer, and names transactions: pure.

The coins pay the gas and, merged by that into one, are what the amount is split from.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from embit import base58

from domain.provider.ports.chain import Likeness, TransferPrepared
from infrastructure.chains.sui import bcs
from infrastructure.chains.sui.addresses import ADDRESS_BYTES, to_bytes
from infrastructure.chains.sui.coins import name_of
from infrastructure.chains.sui.model import (
    Argument,
    Command,
    Gas,
    Input,
    ObjectRef,
    OtherCommand,
    Owned,
    Pure,
    Shared,
    SplitCoins,
    Transaction,
    TransferObjects,
)

_DIGEST_BYTES: Final = 32
_SALT: Final = b"TransactionData::"
_U16: Final = 2
_U64: Final = 8
# Variants by their places.
_VERSION_1 = _PROGRAMMABLE = b"\0"
_PURE: Final = b"\0"
_TRANSFER_OBJECTS, _SPLIT_COINS = b"\1", b"\2"
_GAS_COIN: Final = b"\0"
_INPUT, _RESULT = b"\1", b"\2"
_NO_EXPIRY: Final = b"\0"
# Kinds of arguments, as they are read.
_GAS: Final = "GAS_COIN"
_IN_BYTES: Final = "INPUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Addresses parsed, `amount` in MIST."""

    sender: str
    recipient: str
    amount: int
    gas: Gas


def encode(transfer: Transfer) -> bytes:
    """The bytes that are signed: SplitCoins(GasCoin, [amount]), TransferObjects([it], recipient)."""
    inputs = (
        _PURE + bcs.content(bcs.number(transfer.amount, _U64)),
        _PURE + bcs.content(to_bytes(transfer.recipient)),
    )
    commands = (
        _SPLIT_COINS + _GAS_COIN + bcs.many([_place(_INPUT, 0)]),
        _TRANSFER_OBJECTS + bcs.many([_place(_RESULT, 0)]) + _place(_INPUT, 1),
    )
    gas = transfer.gas
    return b"".join(
        (
            _VERSION_1,
            _PROGRAMMABLE,
            bcs.many(inputs),
            bcs.many(commands),
            to_bytes(transfer.sender),
            bcs.many(map(_reference, gas.payment)),
            to_bytes(gas.owner),
            bcs.number(gas.price, _U64),
            bcs.number(gas.budget, _U64),
            _NO_EXPIRY,
        )
    )


def prepared(payload: bytes, transaction: Transaction) -> TransferPrepared:
    """`payload` is that transaction. Its commitment is its digest; its fee all of its budget."""
    return TransferPrepared(
        payload=payload,
        commitment=digest(payload),
        fee=transaction.gas.budget,
        value=_split_off(transaction),
        inputs=tuple(name_of(one) for one in transaction.spent),
    )


def overreach(transaction: Transaction) -> str | None:
    """What of the sender's it uses beside amounts, in its bytes, that are split off the coins for
    gas; None where nothing. A coin that is handed over whole takes all that is in it along."""
    if any(isinstance(one, Owned) for one in transaction.inputs):
        return "it uses another object of the sender's"
    for command in transaction.commands:
        if any(used.kind == _GAS for used in _used(command)):
            return "it hands on the coin that pays for gas"
        if isinstance(command, SplitCoins) and None in _amounts(command, transaction):
            return "it splits off what its bytes do not tell"
    return None


def likeness(wanted: Transaction, other: Transaction) -> Likeness:
    """What another transaction does of what was wanted: gas aside, and its coins."""
    if (wanted.commands, wanted.inputs) == (other.commands, other.inputs):
        return Likeness.SAME
    is_named = _named(wanted) & _named(other) - {to_bytes(wanted.sender)}
    return Likeness.PARTLY if is_named else Likeness.OTHER


def _named(transaction: Transaction) -> set[bytes]:
    """Addresses and shared objects among what it is given."""
    return {
        one.object_id if isinstance(one, Shared) else one.content
        for one in transaction.inputs
        if isinstance(one, Shared) or (isinstance(one, Pure) and len(one.content) == ADDRESS_BYTES)
    }


def _used(command: Command) -> tuple[Argument, ...]:
    """What it is given, but for the coin that amounts are split from."""
    match command:
        case SplitCoins(amounts=amounts):
            return amounts
        case TransferObjects(objects=objects, recipient=recipient):
            return (*objects, recipient)
        case OtherCommand(arguments=arguments):
            return arguments


def _split_off(transaction: Transaction) -> int:
    """What is split off the sender's coins, as far as its bytes have it."""
    return sum(
        amount or 0
        for command in transaction.commands
        if isinstance(command, SplitCoins) and command.coin.kind == _GAS
        for amount in _amounts(command, transaction)
    )


def _amounts(command: SplitCoins, transaction: Transaction) -> list[int | None]:
    return [_amount(each, transaction.inputs) for each in command.amounts]


def _amount(argument: Argument, inputs: tuple[Input, ...]) -> int | None:
    """In MIST; None for one that is not in the transaction's bytes."""
    if argument.kind != _IN_BYTES or argument.index >= len(inputs):
        return None
    given = inputs[argument.index]
    return int.from_bytes(given.content, "little") if isinstance(given, Pure) else None


def digest(transaction: bytes) -> bytes:
    """What the chain knows a transaction by: signatures do not change it."""
    return hashlib.blake2b(_SALT + transaction, digest_size=_DIGEST_BYTES).digest()


def digest_text(content: bytes) -> str:
    """A digest as the chain spells it."""
    return str(base58.encode(content))


def digest_bytes(text: str) -> bytes | None:
    """None for what is no digest."""
    try:
        content = bytes(base58.decode(text))
    except (ValueError, AttributeError, TypeError):
        return None
    return content if len(content) == _DIGEST_BYTES else None


def _place(kind: bytes, index: int) -> bytes:
    return kind + bcs.number(index, _U16)


def _reference(one: ObjectRef) -> bytes:
    return one.object_id + bcs.number(one.version, _U64) + bcs.content(one.digest)
