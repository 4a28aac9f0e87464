from collections.abc import AsyncIterator

import pytest

from tests.contracts.defi.cases import NAMES, Case, DefiWorld, case_of, defi_world


@pytest.fixture
async def world() -> AsyncIterator[DefiWorld]:
    async with defi_world() as opened:
        yield opened


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, world: DefiWorld) -> Case:
    """Each adapter of the type in turn, the twin in memory among them."""
    return case_of(world, request.param)
