import pytest

from tests.unit.domain.send.journey import (
    PROCESS_NAMES,
    PROCESSES,
    Journey,
    allowed,
)


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("buy", "sell"))
