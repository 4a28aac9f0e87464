"""Compliance screens a Withdraw when the orchestrator tells it to."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.withdraw_events import (
    WithdrawTransactionCompleted,
    WithdrawTransactionFailed,
    WithdrawTransactionInitiated,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    withdraw = stream.known(WithdrawTransactionInitiated)
    return Movement(
        flow="withdraw",
        amount=withdraw.amount if withdraw.usd_value is None else withdraw.usd_value,
        addresses=(withdraw.sender_address,)
        if withdraw.bank
        else (withdraw.sender_address, withdraw.recipient.address),
    )


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=CommandIssued,
        completed=WithdrawTransactionCompleted,
        failed=WithdrawTransactionFailed,
    )
)
