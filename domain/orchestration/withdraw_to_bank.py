"""A Withdraw to a bank, as it is led."""

from typing import Final

from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceCleared,
)
from domain.contracts.orchestration_events import Command
from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    OffRampProviderSelected,
    PayoutOpened,
    PayoutReturned,
)
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
)
from domain.contracts.withdraw_events import WithdrawTransactionCompleted
from domain.orchestration.definition import Compensation, Definition, Step, StepType

WITHDRAW_TO_BANK: Final = Definition(
    version=1,
    steps=(
        Step(
            name="screen",
            kind=StepType.VALIDATION,
            command=Command.SCREEN,
            success=ComplianceCleared,
        ),
        Step(
            name="select",
            kind=StepType.PROVIDER,
            command=Command.SELECT_PROVIDER,
            success=OffRampProviderSelected,
            prerequisites=("screen",),
        ),
        Step(
            name="reserve",
            kind=StepType.RESERVATION,
            command=Command.RESERVE,
            success=AvailableBalanceReserved,
            prerequisites=("select",),
            compensation=Compensation(command=Command.RELEASE, success=BalanceReservationReleased),
        ),
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
        Step(
            name="complete",
            kind=StepType.NOTIFICATION,
            command=Command.COMPLETE,
            success=WithdrawTransactionCompleted,
            prerequisites=("pay_out",),
        ),
    ),
    failures={
        ComplianceBlocked: "CMP_REFUSED",
        BalanceReservationRejected: "TXN_INSUFFICIENT_BALANCE",
        BlockchainTransferFailed: "TXN_CHAIN_REFUSED",
        BlockchainTransferExpired: "TXN_EXPIRED",
        PayoutReturned: "PAY_RETURNED",
    },
)
