"""A Withdraw to a bank, as it is led."""

from typing import Final

from domain.contracts.events import AvailableBalanceReserved
from domain.contracts.orchestration_events import Command
from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    OffRampProviderSelected,
    PayoutOpened,
    PayoutReturned,
)
from domain.contracts.transfer_events import BlockchainConfirmationReceived
from domain.contracts.withdraw_events import WithdrawTransactionCompleted
from domain.orchestration.definition import Definition, Step, StepType
from domain.orchestration.steps import FAILURES, SCREEN, complete, reserve, select

WITHDRAW_TO_BANK: Final = Definition(
    version=1,
    steps=(
        SCREEN,
        select(OffRampProviderSelected, "screen"),
        reserve(AvailableBalanceReserved, "select"),
        Step(
            name="open",
            kind=StepType.PROVIDER,
            command=Command.CONVERT,
            success=PayoutOpened,
            prerequisites=("reserve",),
        ),
        Step(
            name="transfer",
            kind=StepType.BLOCKCHAIN,
            command=Command.TRANSFER,
            success=BlockchainConfirmationReceived,
            prerequisites=("open",),
        ),
        Step(
            name="pay_out",
            kind=StepType.PROVIDER,
            command=Command.PAY_OUT,
            success=FiatTransferConfirmed,
            prerequisites=("transfer",),
        ),
        complete(WithdrawTransactionCompleted, "pay_out"),
    ),
    failures={
        **FAILURES,
        PayoutReturned: "PAY_RETURNED",
    },
)
