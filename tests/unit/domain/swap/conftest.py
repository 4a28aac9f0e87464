from dataclasses import replace

import pytest

from domain.shared.unit import Group
from tests.unit.domain.send.journey import FACTS, FIGURES, GROUPS, Journey

EVERYBODY = (*GROUPS, Group.ORCHESTRATOR)
LEVELS = {
    **FIGURES.kyc,
    "basic": replace(FIGURES.kyc["basic"], flows=frozenset({"buy", "sell"})),
}


@pytest.fixture(params=[(EVERYBODY,), tuple((group,) for group in EVERYBODY)], ids=["one", "five"])
def journey(request: pytest.FixtureRequest) -> Journey:
    facts = replace(FACTS, figures=replace(FIGURES, kyc=LEVELS))
    return Journey(groups=request.param, facts=facts)
