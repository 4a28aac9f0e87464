"""All contexts side by side: what a process that runs every one of them reacts with."""

import importlib
from collections.abc import Mapping
from typing import Final, cast

from domain.compliance.reactions import REACTIONS as COMPLIANCE
from domain.contracts.flows import FlowName
from domain.provider.reactions import REACTIONS as PROVIDER
from domain.shared.saga import Reactions, Registry
from domain.shared.unit import Group
from domain.transaction.model import state_of
from domain.transaction.reactions import REACTIONS as TRANSACTION
from domain.wallet.reactions import REACTIONS as WALLET

_ORCHESTRATOR: Final = "domain.orchestration.reactions"


def _orchestrator() -> Mapping[FlowName, Reactions]:
    """None of the flows that lead themselves needs it: without its package they still work."""
    try:
        found = importlib.import_module(_ORCHESTRATOR)
    except ImportError:
        return {}
    return cast("Mapping[FlowName, Reactions]", found.REACTIONS)


REGISTRY = Registry(
    reactions={
        Group.COMPLIANCE: COMPLIANCE,
        Group.WALLET: WALLET,
        Group.PROVIDER: PROVIDER,
        Group.TRANSACTION: TRANSACTION,
        Group.ORCHESTRATOR: _orchestrator(),
    },
    state_of=state_of,
)
