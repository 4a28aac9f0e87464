"""What a provider's transaction on Sui moves beyond amounts that its bytes tell: pure."""

import pytest

from infrastructure.chains.sui import building
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

GAS, FIRST = Argument("GAS_COIN"), Argument("INPUT", 0)
REFERENCE = ObjectRef(object_id=bytes(32), version=1, digest=bytes(32))


@pytest.mark.parametrize(
    ("commands", "inputs"),
    [
        ((TransferObjects((GAS,), FIRST),), (Pure(b"\5"),)),
        ((OtherCommand("MergeCoins", (Argument("RESULT", 0), GAS)),), ()),
        ((OtherCommand("0x2::coin::split", (GAS, FIRST)),), (Pure(b"\5"),)),
        ((TransferObjects((FIRST,), Argument("INPUT", 1)),), (Owned(REFERENCE), Pure(b"\5"))),
        ((SplitCoins(GAS, (Argument("RESULT", 0),)),), ()),
        ((SplitCoins(GAS, (FIRST,)),), (Shared(bytes(32)),)),
        ((SplitCoins(GAS, (Argument("INPUT", 7),)),), (Pure(b"\5"),)),
    ],
)
def test_what_moves_more_than_amounts_in_its_bytes_is_found(
    commands: tuple[Command, ...], inputs: tuple[Input, ...]
) -> None:
    gas = Gas(payment=(REFERENCE,), owner="0x1", price=1, budget=1)

    assert building.overreach(Transaction(sender="0x1", gas=gas, inputs=inputs, commands=commands))


def test_what_is_split_off_a_part_of_it_is_not_counted_twice() -> None:
    gas = Gas(payment=(REFERENCE,), owner="0x1", price=1, budget=1)
    part = SplitCoins(Argument("RESULT", 0, 0), (FIRST,))
    sold = Transaction(
        sender="0x" + 64 * "1",
        gas=gas,
        inputs=(Pure(b"\5"),),
        commands=(SplitCoins(GAS, (FIRST,)), part, OtherCommand("0x2::a::b", (FIRST,))),
    )

    assert building.overreach(sold) is None
    assert building.prepared(b"", sold).value == 5
