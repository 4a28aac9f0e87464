"""A Withdraw to an external wallet, as it is led: of the asset as it is, or of another one.

A conversion is over when its user has paid for it; the transfer, when the chain of the address shows
what arrived.
"""

from collections.abc import Mapping
from typing import Final

from domain.contracts.envelope import EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceCleared,
)
from domain.contracts.orchestration_events import Command
from domain.contracts.swap_events import (
    CrossChainDelivered,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
)
from domain.contracts.transfer_events import (
    BlockchainConfirmationReceived,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
)
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    CrossChainTransferConfirmed,
    DEXProviderSelected,
    ExternalWalletValidated,
    WithdrawTransactionCompleted,
)
from domain.orchestration.definition import Compensation, Definition, Step, StepType


def _led(
    *,
    transferred: type[EventPayload],
    reserved: type[EventPayload] = AvailableBalanceReserved,
    failures: Mapping[type[EventPayload], str],
) -> Definition:
    return Definition(
        version=1,
        steps=(
            Step(
                name="screen",
                kind=StepType.VALIDATION,
                command=Command.SCREEN,
                success=ComplianceCleared,
            ),
            Step(
                name="validate",
                kind=StepType.VALIDATION,
                command=Command.VALIDATE_ADDRESS,
                success=ExternalWalletValidated,
            ),
            Step(
                name="reserve",
                kind=StepType.RESERVATION,
                command=Command.RESERVE,
                success=reserved,
                prerequisites=("screen", "validate"),
                compensation=Compensation(
                    command=Command.RELEASE, success=BalanceReservationReleased
                ),
            ),
            Step(
                name="select",
                kind=StepType.PROVIDER,
                command=Command.SELECT_PROVIDER,
                success=DEXProviderSelected,
                prerequisites=("reserve",),
            ),
            Step(
                name="convert",
                kind=StepType.PROVIDER,
                command=Command.CONVERT,
                success=AssetConversionCompleted,
                prerequisites=("select",),
            ),
            Step(
                name="transfer",
                kind=StepType.BLOCKCHAIN,
                command=Command.TRANSFER,
                success=transferred,
                prerequisites=("convert",),
            ),
            Step(
                name="book",
                kind=StepType.UPDATE,
                command=Command.BOOK,
                success=CrossChainTransferConfirmed,
                prerequisites=("transfer",),
            ),
            Step(
                name="complete",
                kind=StepType.NOTIFICATION,
                command=Command.COMPLETE,
                success=WithdrawTransactionCompleted,
                prerequisites=("book",),
            ),
        ),
        failures=failures,
    )


_FAILURES: Final[Mapping[type[EventPayload], str]] = {
    ComplianceBlocked: "CMP_REFUSED",
    BalanceReservationRejected: "TXN_INSUFFICIENT_BALANCE",
    BlockchainTransferFailed: "TXN_CHAIN_REFUSED",
    BlockchainTransferExpired: "TXN_EXPIRED",
}

WITHDRAW: Final = _led(transferred=BlockchainConfirmationReceived, failures=_FAILURES)
WITHDRAW_HELD: Final = _led(
    transferred=BlockchainConfirmationReceived,
    reserved=InvestedBalanceReserved,
    failures=_FAILURES,
)
WITHDRAW_WITH_CONVERSION: Final = _led(
    transferred=CrossChainDelivered,
    failures={**_FAILURES, CrossChainTransferRecovered: "PRV_NOT_DELIVERED"},
)
