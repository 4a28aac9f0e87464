from collections.abc import AsyncIterator

import pytest

from tests.contracts.dex.cases import NAMES, Case, DexWorld, cases, dex_world


@pytest.fixture
async def world() -> AsyncIterator[DexWorld]:
    async with dex_world() as opened:
        yield opened


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, world: DexWorld) -> Case:
    """Each adapter of the type in turn, the twin in memory among them."""
    return cases(world)[request.param]
