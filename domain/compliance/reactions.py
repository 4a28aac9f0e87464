"""What compliance does in each flow: the event that opens a stream names its flow."""

from collections.abc import Callable, Mapping

from domain.compliance.flows import (
    buy,
    buy_with_payment,
    deposit,
    sell,
    send,
    strategy_launch,
    strategy_stop,
    withdraw,
)
from domain.compliance.screening import Movement
from domain.contracts.flows import FlowName
from domain.shared.figures import Figures
from domain.shared.saga import Reactions
from domain.shared.stream import Stream

MOVEMENTS: Mapping[FlowName, Callable[[Stream, Figures], Movement]] = {
    FlowName.SEND: send.movement,
    FlowName.DEPOSIT: deposit.movement,
    FlowName.WITHDRAW_TO_WALLET: withdraw.movement,
    FlowName.WITHDRAW_HELD: withdraw.movement,
    FlowName.WITHDRAW_WITH_CONVERSION: withdraw.movement,
    FlowName.BUY_ON_CHAIN: buy.movement,
    FlowName.BUY_WITH_PAYMENT: buy_with_payment.movement,
    FlowName.WITHDRAW_TO_BANK: withdraw.movement,
    FlowName.SELL: sell.movement,
    FlowName.STRATEGY_LAUNCH: strategy_launch.movement,
    FlowName.STRATEGY_STOP: strategy_stop.movement,
}
"""What each flow moves, as its opening tells it."""

REACTIONS: dict[FlowName, Reactions] = {
    FlowName.SEND: send.REACTIONS,
    FlowName.DEPOSIT: deposit.REACTIONS,
    FlowName.WITHDRAW_TO_WALLET: withdraw.REACTIONS,
    FlowName.WITHDRAW_HELD: withdraw.REACTIONS,
    FlowName.WITHDRAW_WITH_CONVERSION: withdraw.REACTIONS,
    FlowName.BUY_ON_CHAIN: buy.REACTIONS,
    FlowName.BUY_WITH_PAYMENT: buy_with_payment.REACTIONS,
    FlowName.WITHDRAW_TO_BANK: withdraw.REACTIONS,
    FlowName.SELL: sell.REACTIONS,
    FlowName.STRATEGY_LAUNCH: strategy_launch.REACTIONS,
    FlowName.STRATEGY_STOP: strategy_stop.REACTIONS,
}
