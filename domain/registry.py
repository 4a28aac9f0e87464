"""All contexts side by side: what a process that runs every one of them reacts with."""

from domain.compliance.reactions import REACTIONS as COMPLIANCE
from domain.provider.reactions import REACTIONS as PROVIDER
from domain.shared.saga import Registry
from domain.shared.unit import Group
from domain.transaction.model import state_of
from domain.transaction.reactions import REACTIONS as TRANSACTION
from domain.wallet.reactions import REACTIONS as WALLET

REGISTRY = Registry(
    reactions={
        Group.COMPLIANCE: COMPLIANCE,
        Group.WALLET: WALLET,
        Group.PROVIDER: PROVIDER,
        Group.TRANSACTION: TRANSACTION,
    },
    state_of=state_of,
)
