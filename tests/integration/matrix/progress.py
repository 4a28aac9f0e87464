"""How far a transaction is by its log: what its user is shown, must be of that and nothing else."""

from collections.abc import Sequence
from typing import Final

from domain.contracts.flows import FlowName
from domain.transaction.model import FLOWS

_NAMES: Final = {
    "send": FlowName.SEND,
    "deposit": FlowName.DEPOSIT,
    "withdraw_to_wallet": FlowName.WITHDRAW_TO_WALLET,
    "withdraw_with_conversion": FlowName.WITHDRAW_WITH_CONVERSION,
    "withdraw_to_bank": FlowName.WITHDRAW_TO_BANK,
    "buy": FlowName.BUY_ON_CHAIN,
    "buy_by_payment": FlowName.BUY_WITH_PAYMENT,
    "sell": FlowName.SELL,
    "launch": FlowName.STRATEGY_LAUNCH,
    "stop": FlowName.STRATEGY_STOP,
}


def percents(flow: str, types: Sequence[str]) -> list[int]:
    """After each of its events, in their order: the share of the flow's milestones passed."""
    milestones = [milestone.type_name() for milestone in FLOWS[_NAMES[flow]].milestones]
    return [
        100 * sum(name in types[:count] for name in milestones) // len(milestones)
        for count in range(1, len(types) + 1)
    ]
