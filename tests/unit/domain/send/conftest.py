import pytest

from tests.unit.domain.send.journey import GROUPS, Journey


@pytest.fixture(params=["one process", "one process a context"])
def journey(request: pytest.FixtureRequest) -> Journey:
    """A Send with all contexts in one process, and with each in its own."""
    if request.param == "one process":
        return Journey()
    return Journey(groups=tuple((group,) for group in GROUPS))
