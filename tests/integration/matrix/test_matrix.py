"""Every flow with every fault: it ends as it should, the ledger holds, nothing is done twice."""

from decimal import Decimal

import pytest

from tests.integration.matrix.cells import (
    BOOKED,
    DONE,
    EXPECTED,
    SIGNED,
    Cell,
    Expected,
    cells,
)
from tests.integration.matrix.flows import begin, prepare
from tests.integration.matrix.leading import Ended
from tests.integration.matrix.progress import percents
from tests.integration.matrix.world import World

pytestmark = pytest.mark.enable_socket


PARAMETERS = [
    pytest.param(cell, id=cell.name, marks=pytest.mark.chaos if cell.is_long else ())
    for cell in cells()
]


@pytest.mark.parametrize("cell", PARAMETERS)
async def test_it_ends_as_it_should(world: World, cell: Cell) -> None:
    await prepare(world, cell.flow)
    before, ordered = await world.executed(), await world.orders()
    path = "solana/faults" if cell.at == "solana" else "faults"
    await world.control(path, cell.faults)

    begun = await begin(world.person, cell.flow)
    ended = await world.lead(begun)

    await world.verify()
    after = await world.executed()
    done = [own for each, own in after.items() if each not in before]
    executed = done.count(cell.flow in SIGNED)
    expected = EXPECTED.get(cell.name, DONE)
    assert Expected(ended.outcome, ended.reason, executed) == expected, ended
    assert await world.orders() - ordered == (executed if ended.provider in BOOKED else 0)
    assert ended.outcome != "COMPLETED" or Decimal(ended.received or 0) > 0
    if ended.id:
        await assert_progress_was_real(world, cell.flow, ended)


async def assert_progress_was_real(world: World, flow: str, ended: Ended) -> None:
    """What was shown of it follows from its events: never more, never less again, 100 when done."""
    passed = percents(flow, await world.published(ended.id))
    assert set(ended.progress) <= set(passed)
    assert list(ended.progress) == sorted(ended.progress)
    assert ended.progress[-1] == passed[-1]
    assert (passed[-1] == 100) is (ended.outcome == "COMPLETED")
