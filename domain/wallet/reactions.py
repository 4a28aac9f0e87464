"""What the wallet does in each flow: the event that opens a stream names its flow."""

from domain.contracts.flows import FlowName
from domain.shared.saga import Reactions
from domain.wallet.flows import (
    buy,
    buy_with_payment,
    deposit,
    sell,
    send,
    strategy_launch,
    strategy_stop,
    withdraw,
    withdraw_held,
    withdraw_to_bank,
    withdraw_with_conversion,
)

REACTIONS: dict[FlowName, Reactions] = {
    FlowName.SEND: send.REACTIONS,
    FlowName.DEPOSIT: deposit.REACTIONS,
    FlowName.WITHDRAW_TO_WALLET: withdraw.REACTIONS,
    FlowName.WITHDRAW_HELD: withdraw_held.REACTIONS,
    FlowName.WITHDRAW_WITH_CONVERSION: withdraw_with_conversion.REACTIONS,
    FlowName.BUY_ON_CHAIN: buy.REACTIONS,
    FlowName.BUY_WITH_PAYMENT: buy_with_payment.REACTIONS,
    FlowName.WITHDRAW_TO_BANK: withdraw_to_bank.REACTIONS,
    FlowName.SELL: sell.REACTIONS,
    FlowName.STRATEGY_LAUNCH: strategy_launch.REACTIONS,
    FlowName.STRATEGY_STOP: strategy_stop.REACTIONS,
}
