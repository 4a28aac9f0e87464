"""Compliance screens a Sell when the orchestrator tells it to."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.sell_events import (
    SellTransactionCompleted,
    SellTransactionFailed,
    SellTransactionInitiated,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    sell = stream.known(SellTransactionInitiated)
    return Movement(
        flow="sell",
        amount=sell.usd_value,
        addresses=(sell.sender_address, sell.recipient_address),
    )


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=CommandIssued,
        completed=SellTransactionCompleted,
        failed=SellTransactionFailed,
    )
)
