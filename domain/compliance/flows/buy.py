"""Compliance screens an on-chain Buy when the orchestrator tells it to."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.buy_events import (
    BuyTransactionCompleted,
    BuyTransactionFailed,
    BuyTransactionInitiated,
)
from domain.contracts.orchestration_events import CommandIssued
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    buy = stream.known(BuyTransactionInitiated)
    purchase = buy.on_chain
    if purchase is None:
        raise LookupError(f"stream {stream.id} is no purchase on a chain")
    return Movement(
        flow="buy", amount=purchase.amount, addresses=(purchase.sender_address, buy.address)
    )


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=CommandIssued,
        completed=BuyTransactionCompleted,
        failed=BuyTransactionFailed,
    )
)
