"""Reads TransactionData, a provider's or our own: pure, and strict about every byte."""

from collections.abc import Callable
from typing import Final

from infrastructure.chains.sui.addresses import ADDRESS_BYTES, from_bytes
from infrastructure.chains.sui.bcs import NotBcs, Reader
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

# The protocol's own bound on a transaction.
TRANSACTION_BYTES_MAX: Final = 128 * 1024
# Types within types; the protocol allows no more.
_TYPE_DEPTH_MAX: Final = 16
_U16: Final = 2
_U64: Final = 8
_VECTOR, _STRUCT, _TYPES = 6, 7, 11
_FLAGS: Final = frozenset({0, 1, 2})


def read(content: bytes) -> Transaction:
    """The transaction in full; NotBcs for what is no programmable transaction of version 1, or
    makes use of what no transaction for a user should: publishing code, withdrawing from a
    balance without coins, an expiry by time."""
    if len(content) > TRANSACTION_BYTES_MAX:
        raise NotBcs("the transaction is too long")
    reader = Reader(content)
    _variant(reader, 1, "a version of TransactionData")
    _variant(reader, 1, "a kind of transaction")
    inputs = reader.many(lambda: _input(reader))
    commands = reader.many(lambda: _command(reader))
    sender = _address(reader)
    gas = Gas(
        payment=reader.many(lambda: _reference(reader)),
        owner=_address(reader),
        price=reader.number(_U64),
        budget=reader.number(_U64),
    )
    if _variant(reader, 2, "an expiry") == 1:
        reader.number(_U64)
    reader.end()
    return Transaction(sender=sender, gas=gas, inputs=inputs, commands=commands)


def _variant(reader: Reader, count: int, what: str) -> int:
    place = reader.length()
    if place >= count:
        raise NotBcs(f"{what} that is not known here")
    return place


def _address(reader: Reader) -> str:
    return from_bytes(reader.fixed(ADDRESS_BYTES))


def _reference(reader: Reader) -> ObjectRef:
    object_id, version = reader.fixed(ADDRESS_BYTES), reader.number(_U64)
    digest = reader.content()
    if len(digest) != ADDRESS_BYTES:
        raise NotBcs("a digest has 32 bytes")
    return ObjectRef(object_id=object_id, version=version, digest=digest)


def _input(reader: Reader) -> Input:
    if _variant(reader, 2, "an input") == 0:
        return Pure(reader.content())
    kind = _variant(reader, 3, "an object's kind")
    if kind != 1:
        return Owned(_reference(reader))
    shared = Shared(reader.fixed(ADDRESS_BYTES))
    reader.number(_U64)
    if reader.number(1) not in _FLAGS:
        raise NotBcs("a flag that is not known here")
    return shared


def _argument(reader: Reader) -> Argument:
    kind = _variant(reader, 4, "an argument")
    if kind == 0:
        return Argument("GAS_COIN")
    index = reader.number(_U16)
    if kind == 1:
        return Argument("INPUT", index)
    return Argument("RESULT", index, None if kind == 2 else reader.number(_U16))  # noqa: PLR2004 - a variant's place


def _arguments(reader: Reader) -> tuple[Argument, ...]:
    return reader.many(lambda: _argument(reader))


def _move_call(reader: Reader) -> Command:
    package = _address(reader)
    module, function = _name(reader), _name(reader)
    reader.many(lambda: _type(reader, 0))
    return OtherCommand(f"{package}::{module}::{function}", _arguments(reader))


def _transfer_objects(reader: Reader) -> Command:
    return TransferObjects(_arguments(reader), _argument(reader))


def _split_coins(reader: Reader) -> Command:
    return SplitCoins(_argument(reader), _arguments(reader))


def _merge_coins(reader: Reader) -> Command:
    return OtherCommand("MergeCoins", (_argument(reader), *_arguments(reader)))


def _make_vector(reader: Reader) -> Command:
    if _variant(reader, 2, "an option") == 1:
        _type(reader, 0)
    return OtherCommand("MakeMoveVec", _arguments(reader))


def _publishing(_reader: Reader) -> Command:
    raise NotBcs("it publishes code")


# By the variant's place.
_COMMANDS: Final[tuple[Callable[[Reader], Command], ...]] = (
    _move_call,
    _transfer_objects,
    _split_coins,
    _merge_coins,
    _publishing,
    _make_vector,
    _publishing,
)


def _command(reader: Reader) -> Command:
    return _COMMANDS[_variant(reader, len(_COMMANDS), "a command")](reader)


def _type(reader: Reader, depth: int) -> None:
    """Passes over a type."""
    if depth >= _TYPE_DEPTH_MAX:
        raise NotBcs("types are nested too deeply")
    kind = _variant(reader, _TYPES, "a type")
    if kind == _VECTOR:
        _type(reader, depth + 1)
    if kind == _STRUCT:
        reader.fixed(ADDRESS_BYTES)
        _name(reader)
        _name(reader)
        reader.many(lambda: _type(reader, depth + 1))


def _name(reader: Reader) -> str:
    try:
        return reader.content().decode("ascii")
    except UnicodeDecodeError as error:
        raise NotBcs("a name is not readable") from error
