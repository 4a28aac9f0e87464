"""Every flow is known to everybody who has a part in it."""

from collections.abc import Mapping

import pytest

from domain.compliance import reactions as compliance
from domain.contracts.flows import FlowName
from domain.orchestration.reactions import DEFINITIONS
from domain.provider import reactions as provider
from domain.transaction.model import FLOWS
from domain.wallet import reactions as wallet

CHOREOGRAPHED = {FlowName.SEND, FlowName.DEPOSIT, FlowName.BUY_WITH_PAYMENT}


@pytest.mark.parametrize(
    "table",
    [compliance.MOVEMENTS, compliance.REACTIONS, wallet.REACTIONS, provider.REACTIONS, FLOWS],
    ids=["movements", "compliance", "wallet", "provider", "transaction"],
)
def test_no_flow_is_forgotten(table: Mapping[FlowName, object]) -> None:
    assert set(table) == set(FlowName)


def test_the_others_have_a_definition() -> None:
    assert set(DEFINITIONS) == set(FlowName) - CHOREOGRAPHED
