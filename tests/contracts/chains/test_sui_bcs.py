"""Sui's transactions in BCS: our writing and reading against pysui's, and against bytes by hand."""

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest
from pysui.sui.sui_bcs import bcs as pysui

from infrastructure.chains.sui import bcs, building, reading
from infrastructure.chains.sui.bcs import NotBcs, Reader
from infrastructure.chains.sui.model import (
    Argument,
    Gas,
    ObjectRef,
    OtherCommand,
    Owned,
    Pure,
    Shared,
    SplitCoins,
    TransferObjects,
)

SENDER: Final = "0x" + 64 * "a"
RECIPIENT: Final = "0x" + 62 * "0" + "b0"
COIN: Final = ObjectRef(object_id=bytes(range(32)), version=7, digest=bytes(range(32, 64)))

# Every byte of a transfer of 1 SUI by hand, part by part.
BY_HAND: Final = bytes.fromhex(
    "00"  # TransactionData::V1
    "00"  # TransactionKind::ProgrammableTransaction
    "02"  # two inputs
    "00" "08" "00ca9a3b00000000"  # Pure: 1,000,000,000
    "00" "20" + 62 * "0" + "b0"  # Pure: the recipient
    "02"  # two commands
    "02" "00" "01" "01" "0000"  # SplitCoins(GasCoin, [Input(0)])
    "01" "01" "02" "0000" "01" "0100"  # TransferObjects([Result(0)], Input(1))
    + 64 * "a"  # sender
    + "01"  # one coin pays
    + bytes(range(32)).hex() + "0700000000000000" + "20" + bytes(range(32, 64)).hex()
    + 64 * "a"  # who owns it
    + "2602000000000000"  # 550 MIST a unit
    + "f09d5700" "00000000"  # at most 5,742,064 MIST
    + "00"  # no expiry
)  # fmt: skip


def transfer(
    payment: tuple[ObjectRef, ...] = (COIN,), *, amount: int = 10**9, price: int = 550
) -> building.Transfer:
    gas = Gas(payment=payment, owner=SENDER, price=price, budget=0x579DF0)
    return building.Transfer(sender=SENDER, recipient=RECIPIENT, amount=amount, gas=gas)


def their_reference(one: ObjectRef) -> object:
    return pysui.ObjectReference(
        pysui.Address(list(one.object_id)), one.version, pysui.Digest(list(one.digest))
    )


def theirs(inputs: list[object], commands: list[object], payment: list[object]) -> bytes:
    """A transaction as pysui writes it."""
    gas = pysui.GasData(payment, pysui.Address.from_str(SENDER), 550, 0x579DF0)
    kind = pysui.TransactionKind(
        "ProgrammableTransaction", pysui.ProgrammableTransaction(inputs, commands)
    )
    data = pysui.TransactionDataV1(
        kind, pysui.Address.from_str(SENDER), gas, pysui.TransactionExpiration("None")
    )
    return bytes(pysui.TransactionData("V1", data).serialize())


def their_argument(kind: str, index: object = None) -> object:
    return pysui.Argument(kind, index)


def their_transfer(amount: int, payment: tuple[ObjectRef, ...]) -> bytes:
    return theirs(
        [
            pysui.CallArg("Pure", list(amount.to_bytes(8, "little"))),
            pysui.CallArg("Pure", list(bytes.fromhex(RECIPIENT[2:]))),
        ],
        [
            pysui.Command(
                "SplitCoin",
                pysui.SplitCoin(their_argument("GasCoin"), [their_argument("Input", 0)]),
            ),
            pysui.Command(
                "TransferObjects",
                pysui.TransferObjects([their_argument("Result", 0)], their_argument("Input", 1)),
            ),
        ],
        [their_reference(one) for one in payment],
    )


def test_the_adapter_loads_without_the_heavy_libraries() -> None:
    heavy = ("pysui", "graphql", "grpclib", "gql", "canoser")
    script = (
        "import sys, infrastructure.chains.sui.gateway;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert answer.stdout.strip() == b"[]"


def test_a_transfer_is_written_as_by_hand() -> None:
    assert building.encode(transfer()) == BY_HAND


@pytest.mark.parametrize("coins", [1, 2, 50])
@pytest.mark.parametrize("amount", [1, 255, 2**32, 2**63 - 1])
def test_pysui_writes_the_same_transfer(coins: int, amount: int) -> None:
    seeded = random.Random(coins)
    payment = tuple(
        ObjectRef(
            object_id=seeded.randbytes(32),
            version=seeded.randrange(2**53),
            digest=seeded.randbytes(32),
        )
        for _ in range(coins)
    )

    assert building.encode(transfer(payment, amount=amount)) == their_transfer(amount, payment)


def test_pysui_reads_what_we_write() -> None:
    data = pysui.TransactionData.deserialize(building.encode(transfer())).value

    assert data.Sender.to_address_str() == SENDER
    assert (data.GasData.Price, data.GasData.Budget) == (550, 0x579DF0)
    assert data.GasData.Payment[0].SequenceNumber == 7
    commands = data.TransactionKind.value.Command
    assert [one.enum_name for one in commands] == ["SplitCoin", "TransferObjects"]


def test_a_transfer_is_read_back() -> None:
    found = reading.read(BY_HAND)

    assert found.sender == SENDER
    assert found.gas == transfer().gas
    assert found.inputs == (
        Pure((10**9).to_bytes(8, "little")),
        Pure(bytes.fromhex(RECIPIENT[2:])),
    )
    assert found.commands == (
        SplitCoins(Argument("GAS_COIN"), (Argument("INPUT", 0),)),
        TransferObjects((Argument("RESULT", 0),), Argument("INPUT", 1)),
    )
    assert found.spent == (COIN,)


def test_a_digest_is_the_salted_hash_in_base58() -> None:
    salted = hashlib.blake2b(b"TransactionData::" + BY_HAND, digest_size=32).digest()
    text = building.digest_text(building.digest(BY_HAND))

    assert building.digest_bytes(text) == salted
    assert pysui.Digest.from_bytes(salted).to_digest_str() == text
    assert building.digest_bytes("") is None
    assert building.digest_bytes("0OIl") is None
    assert building.digest_bytes("é" * 43) is None


def calls() -> Iterator[tuple[object, str]]:
    """One of each command that a provider may use, as pysui has them, and our name for it."""
    coin = pysui.TypeTag.type_tag_from("0x2::coin::Coin<0x2::sui::SUI>")
    call = pysui.ProgrammableMoveCall(
        pysui.Address.from_str("0x" + 64 * "d"),
        "pool",
        "swap",
        [coin, pysui.TypeTag("U64"), pysui.TypeTag("Bool")],
        [their_argument("Input", 1), their_argument("NestedResult", (0, 1))],
    )
    yield pysui.Command("MoveCall", call), "0x" + 64 * "d" + "::pool::swap"
    merge = pysui.MergeCoins(their_argument("GasCoin"), [their_argument("Input", 2)])
    yield pysui.Command("MergeCoins", merge), "MergeCoins"
    some = pysui.MakeMoveVec(pysui.OptionalTypeTag(coin), [their_argument("Input", 2)])
    yield pysui.Command("MakeMoveVec", some), "MakeMoveVec"
    none = pysui.MakeMoveVec(pysui.OptionalTypeTag(None), [])
    yield pysui.Command("MakeMoveVec", none), "MakeMoveVec"


USED = (
    (Argument("INPUT", 1), Argument("RESULT", 0, 1)),
    (Argument("GAS_COIN"), Argument("INPUT", 2)),
    (Argument("INPUT", 2),),
    (),
)


def inputs() -> list[object]:
    shared = pysui.SharedObjectReference(pysui.Address.from_str("0x" + 64 * "6"), 3, True)  # noqa: FBT003 - pysui's own field
    return [
        pysui.CallArg("Pure", [1, 2, 3]),
        pysui.CallArg("Object", pysui.ObjectArg("SharedObject", shared)),
        pysui.CallArg("Object", pysui.ObjectArg("ImmOrOwnedObject", their_reference(COIN))),
        pysui.CallArg("Object", pysui.ObjectArg("Receiving", their_reference(COIN))),
    ]


def test_what_providers_write_is_read_to_its_end() -> None:
    commands = list(calls())

    found = reading.read(theirs(inputs(), [one for one, _ in commands], [their_reference(COIN)]))

    assert found.commands == tuple(
        OtherCommand(name, used) for (_, name), used in zip(commands, USED, strict=True)
    )
    assert found.inputs == (Pure(b"\1\2\3"), Shared(32 * b"\x66"), Owned(COIN), Owned(COIN))
    assert found.spent == (COIN, COIN, COIN)


def test_a_vectors_type_is_read_as_the_chain_writes_it() -> None:
    """Without the length that pysui puts before it, as if it were a sequence of types."""
    call = b"\0" + bytes(32) + b"\1a" + b"\1b" + b"\1" + b"\6\6\1" + b"\0"
    whole = b"\0\0" + b"\0" + b"\1" + call + BY_HAND[BY_HAND.index(bytes.fromhex(64 * "a")) :]

    assert reading.read(whole).commands == (OtherCommand("0x" + 64 * "0" + "::a::b"),)


def test_an_expiry_by_epoch_is_read() -> None:
    assert reading.read(BY_HAND[:-1] + b"\1" + bytes(8)) == reading.read(BY_HAND)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        BY_HAND + b"\0",
        b"\1" + BY_HAND[1:],
        b"\0\1" + BY_HAND[2:],
        BY_HAND[:-1] + b"\2" + bytes(80),
        BY_HAND[:2] + b"\xff\xff\xff\xff\x7f" + BY_HAND[3:],
        BY_HAND[:2] + b"\x82\x00" + BY_HAND[3:],
        bytes(reading.TRANSACTION_BYTES_MAX + 1),
    ],
)
def test_what_is_no_transaction_is_refused(wrong: bytes) -> None:
    with pytest.raises(NotBcs):
        reading.read(wrong)


def test_every_cut_is_refused() -> None:
    whole = theirs(inputs(), [one for one, _ in calls()], [their_reference(COIN)])

    for length in range(len(whole)):
        with pytest.raises(NotBcs):
            reading.read(whole[:length])


def test_no_changed_byte_does_more_than_be_refused_or_read() -> None:
    whole = theirs(inputs(), [one for one, _ in calls()], [their_reference(COIN)])

    for place in range(len(whole)):
        for bits in (0x01, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[place] ^= bits
            try:
                assert reading.read(bytes(changed)).gas.payment
            except NotBcs:
                continue


@pytest.mark.parametrize("name", ["Publish", "Upgrade"])
def test_publishing_code_is_refused(name: str) -> None:
    address = pysui.Address.from_str(SENDER)
    command = (
        pysui.Publish([[1]], [address])
        if name == "Publish"
        else pysui.Upgrade([[1]], [address], address, their_argument("Result", 0))
    )

    with pytest.raises(NotBcs, match="publishes"):
        reading.read(theirs([], [pysui.Command(name, command)], [their_reference(COIN)]))


def test_a_balance_without_coins_is_refused() -> None:
    withdrawal = pysui.FundsWithdrawal(
        pysui.Reservation("Amount", 5),
        pysui.WithdrawalType("Balance", pysui.StructTag.sui_coin()),
        pysui.WithdrawFrom("SENDER"),
    )

    with pytest.raises(NotBcs, match="input"):
        reading.read(theirs([pysui.CallArg("FundsWithdrawal", withdrawal)], [], []))


def test_types_are_not_followed_forever() -> None:
    nested = BY_HAND[:2] + b"\0" + b"\1" + b"\0" + bytes(32) + b"\1a\1b\1" + b"\6" * 1_000

    with pytest.raises(NotBcs, match="deeply"):
        reading.read(nested)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 129, 16_383, 16_384, 2**28])
def test_lengths_have_one_form(value: int) -> None:
    reader = Reader(bcs.length(value))

    assert reader.length() == value
    reader.end()


@pytest.mark.parametrize("wrong", [b"", b"\x80", b"\x80\x00", b"\xff\xff\xff\xff\xff\x01"])
def test_other_lengths_are_refused(wrong: bytes) -> None:
    with pytest.raises(NotBcs):
        Reader(wrong).length()
