"""A Withdraw to an external wallet, as it is led: of the asset as it is, or of another one.

A conversion is over when its user has paid for it; the transfer, when the chain of the address shows
what arrived.
"""

from collections.abc import Mapping
from typing import Final

from domain.contracts.envelope import EventPayload
from domain.contracts.events import AvailableBalanceReserved
from domain.contracts.orchestration_events import Command
from domain.contracts.swap_events import (
    CrossChainDelivered,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
)
from domain.contracts.transfer_events import BlockchainConfirmationReceived
from domain.contracts.withdraw_events import (
    AssetConversionCompleted,
    CrossChainTransferConfirmed,
    DEXProviderSelected,
    ExternalWalletValidated,
    WithdrawTransactionCompleted,
)
from domain.orchestration.definition import Definition, Step, StepType
from domain.orchestration.steps import FAILURES, SCREEN, book, complete, reserve, select


def _led(
    *,
    transferred: type[EventPayload],
    reserved: type[EventPayload] = AvailableBalanceReserved,
    failures: Mapping[type[EventPayload], str],
) -> Definition:
    return Definition(
        version=1,
        steps=(
            SCREEN,
            Step(
                name="validate",
                kind=StepType.VALIDATION,
                command=Command.VALIDATE_ADDRESS,
                success=ExternalWalletValidated,
            ),
            reserve(reserved, "screen", "validate"),
            select(DEXProviderSelected, "reserve"),
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
            book(CrossChainTransferConfirmed, "transfer"),
            complete(WithdrawTransactionCompleted, "book"),
        ),
        failures=failures,
    )


WITHDRAW: Final = _led(transferred=BlockchainConfirmationReceived, failures=FAILURES)
WITHDRAW_HELD: Final = _led(
    transferred=BlockchainConfirmationReceived,
    reserved=InvestedBalanceReserved,
    failures=FAILURES,
)
WITHDRAW_WITH_CONVERSION: Final = _led(
    transferred=CrossChainDelivered,
    failures={**FAILURES, CrossChainTransferRecovered: "PRV_NOT_DELIVERED"},
)
