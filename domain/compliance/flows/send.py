"""Compliance hears of every new Send. One to an address of nobody here counts as a withdrawal."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.events import (
    SendTransactionCompleted,
    SendTransactionFailed,
    SendTransactionInitiated,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    send = stream.known(SendTransactionInitiated)
    return Movement(
        flow="send" if send.recipient.user_id else "withdraw",
        amount=send.amount,
        addresses=(send.sender_address, send.recipient.address),
    )


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=SendTransactionInitiated,
        completed=SendTransactionCompleted,
        failed=SendTransactionFailed,
    )
)
