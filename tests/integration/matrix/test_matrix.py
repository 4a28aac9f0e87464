"""Every flow with every fault: it ends as it should, the ledger holds, nothing is done twice."""

from decimal import Decimal

import pytest

from tests.integration.matrix.cells import DONE, EXPECTED, LONG, SIGNED, Cell, Expected, cells
from tests.integration.matrix.flows import BEGIN, prepare
from tests.integration.matrix.world import World

pytestmark = pytest.mark.enable_socket


PARAMETERS = [
    pytest.param(
        cell, id=cell.name, marks=pytest.mark.chaos if cell.at and cell.flow in LONG else ()
    )
    for cell in cells()
]


@pytest.mark.parametrize("cell", PARAMETERS)
async def test_it_ends_as_it_should(world: World, cell: Cell) -> None:
    await prepare(world, cell.flow)
    before = await world.executed()
    path = "solana/faults" if cell.at == "solana" else "faults"
    await world.control(path, cell.faults)

    begun = await BEGIN[cell.flow](world.person)
    ended = await world.lead(begun)

    await world.verify()
    after = await world.executed()
    done = [own for each, own in after.items() if each not in before]
    executed = done.count(cell.flow in SIGNED)
    assert Expected(ended.outcome, ended.reason, executed) == EXPECTED.get(cell.name, DONE), ended
    assert ended.outcome != "COMPLETED" or Decimal(ended.received or 0) > 0
