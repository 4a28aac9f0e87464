"""The flows by their names: what a transaction's stream is told apart by."""

from enum import StrEnum


class FlowName(StrEnum):
    """Every way in which money moves. The event that opens a stream names its flow, so that two
    flows may open with the same type of event and still go on differently."""

    SEND = "SEND"
    DEPOSIT = "DEPOSIT"
    WITHDRAW_TO_WALLET = "WITHDRAW_TO_WALLET"
    WITHDRAW_HELD = "WITHDRAW_HELD"
    WITHDRAW_WITH_CONVERSION = "WITHDRAW_WITH_CONVERSION"
    WITHDRAW_TO_BANK = "WITHDRAW_TO_BANK"
    BUY_ON_CHAIN = "BUY_ON_CHAIN"
    BUY_WITH_PAYMENT = "BUY_WITH_PAYMENT"
    SELL = "SELL"
    STRATEGY_LAUNCH = "STRATEGY_LAUNCH"
    STRATEGY_STOP = "STRATEGY_STOP"
