from collections.abc import AsyncIterator

import pytest

from tests.contracts.chains.stages import STAGES, Stage, bitcoin_stage, ethereum_stage


@pytest.fixture(params=list(STAGES))
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Each gateway of the port on its chain."""
    async with STAGES[request.param]() as found:
        yield found


@pytest.fixture
async def bitcoin() -> AsyncIterator[Stage]:
    async with bitcoin_stage() as found:
        yield found


@pytest.fixture
async def ethereum() -> AsyncIterator[Stage]:
    async with ethereum_stage() as found:
        yield found
