"""Strategy launch and stop, as they are led."""

from typing import Final

from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceCleared,
)
from domain.contracts.orchestration_events import Command
from domain.contracts.strategy_events import (
    AssetToUSDCSwapCompleted,
    DeFiProviderSelected,
    DeFiStrategyDeployed,
    DeFiStrategyWithdrawn,
    PositionReserved,
    RequiredAssetSwapCompleted,
    StrategyBalanceUpdated,
    StrategyLaunchCompleted,
    StrategyStopCompleted,
)
from domain.contracts.transfer_events import BlockchainTransferExpired, BlockchainTransferFailed
from domain.orchestration.definition import Compensation, Definition, Step, StepType

_RELEASE: Final = Compensation(command=Command.RELEASE, success=BalanceReservationReleased)
_FAILURES: Final = {
    ComplianceBlocked: "CMP_REFUSED",
    BalanceReservationRejected: "TXN_INSUFFICIENT_BALANCE",
    BlockchainTransferFailed: "TXN_CHAIN_REFUSED",
    BlockchainTransferExpired: "TXN_EXPIRED",
}
_SCREEN: Final = Step(
    name="screen",
    kind=StepType.VALIDATION,
    command=Command.SCREEN,
    success=ComplianceCleared,
)
_SELECT: Final = Step(
    name="select",
    kind=StepType.PROVIDER,
    command=Command.SELECT_PROVIDER,
    success=DeFiProviderSelected,
    prerequisites=("reserve",),
)

STRATEGY_LAUNCH: Final = Definition(
    version=1,
    steps=(
        _SCREEN,
        Step(
            name="reserve",
            kind=StepType.RESERVATION,
            command=Command.RESERVE,
            success=AvailableBalanceReserved,
            prerequisites=("screen",),
            compensation=_RELEASE,
        ),
        _SELECT,
        Step(
            name="convert",
            kind=StepType.PROVIDER,
            command=Command.CONVERT,
            success=RequiredAssetSwapCompleted,
            prerequisites=("select",),
        ),
        Step(
            name="deploy",
            kind=StepType.BLOCKCHAIN,
            command=Command.DEPLOY,
            success=DeFiStrategyDeployed,
            prerequisites=("convert",),
        ),
        Step(
            name="book",
            kind=StepType.UPDATE,
            command=Command.BOOK,
            success=StrategyBalanceUpdated,
            prerequisites=("deploy",),
        ),
        Step(
            name="complete",
            kind=StepType.NOTIFICATION,
            command=Command.COMPLETE,
            success=StrategyLaunchCompleted,
            prerequisites=("book",),
        ),
    ),
    failures=_FAILURES,
)

STRATEGY_STOP: Final = Definition(
    version=1,
    steps=(
        _SCREEN,
        Step(
            name="reserve",
            kind=StepType.RESERVATION,
            command=Command.RESERVE,
            success=PositionReserved,
            prerequisites=("screen",),
            compensation=_RELEASE,
        ),
        _SELECT,
        Step(
            name="redeem",
            kind=StepType.BLOCKCHAIN,
            command=Command.REDEEM,
            success=DeFiStrategyWithdrawn,
            prerequisites=("select",),
        ),
        Step(
            name="convert",
            kind=StepType.PROVIDER,
            command=Command.CONVERT,
            success=AssetToUSDCSwapCompleted,
            prerequisites=("redeem",),
        ),
        Step(
            name="book",
            kind=StepType.UPDATE,
            command=Command.BOOK,
            success=AvailableBalanceUpdated,
            prerequisites=("convert",),
        ),
        Step(
            name="complete",
            kind=StepType.NOTIFICATION,
            command=Command.COMPLETE,
            success=StrategyStopCompleted,
            prerequisites=("book",),
        ),
    ),
    failures=_FAILURES,
)
