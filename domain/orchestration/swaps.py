"""A Buy on a chain and a Sell, as they are led: what is held, swapped and credited."""

from typing import Final

from domain.contracts.buy_events import BuyTransactionCompleted, InvestedBalanceUpdated
from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.envelope import EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceCleared,
)
from domain.contracts.orchestration_events import Command
from domain.contracts.sell_events import SellTransactionCompleted
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
)
from domain.contracts.transfer_events import BlockchainTransferExpired, BlockchainTransferFailed
from domain.contracts.withdraw_events import DEXProviderSelected
from domain.orchestration.definition import Compensation, Definition, Step, StepType


def _led(
    *,
    reserved: type[EventPayload],
    updated: type[EventPayload],
    completed: type[EventPayload],
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
                name="reserve",
                kind=StepType.RESERVATION,
                command=Command.RESERVE,
                success=reserved,
                prerequisites=("screen",),
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
                name="swap",
                kind=StepType.BLOCKCHAIN,
                command=Command.CONVERT,
                success=AssetSwapCompleted,
                prerequisites=("select",),
            ),
            Step(
                name="book",
                kind=StepType.UPDATE,
                command=Command.BOOK,
                success=updated,
                prerequisites=("swap",),
            ),
            Step(
                name="complete",
                kind=StepType.NOTIFICATION,
                command=Command.COMPLETE,
                success=completed,
                prerequisites=("book",),
            ),
        ),
        failures={
            ComplianceBlocked: "CMP_REFUSED",
            BalanceReservationRejected: "TXN_INSUFFICIENT_BALANCE",
            BlockchainTransferFailed: "TXN_CHAIN_REFUSED",
            BlockchainTransferExpired: "TXN_EXPIRED",
            CrossChainTransferRecovered: "PRV_NOT_DELIVERED",
        },
    )


BUY_ON_CHAIN: Final = _led(
    reserved=AvailableBalanceReserved,
    updated=InvestedBalanceUpdated,
    completed=BuyTransactionCompleted,
)
SELL: Final = _led(
    reserved=InvestedBalanceReserved,
    updated=AvailableBalanceUpdated,
    completed=SellTransactionCompleted,
)
