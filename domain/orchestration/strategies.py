"""Strategy launch and stop, as they are led."""

from typing import Final

from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.events import AvailableBalanceReserved
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
from domain.orchestration.definition import Definition, Step, StepType
from domain.orchestration.steps import FAILURES, SCREEN, book, complete, reserve, select

STRATEGY_LAUNCH: Final = Definition(
    version=1,
    steps=(
        SCREEN,
        reserve(AvailableBalanceReserved, "screen"),
        select(DeFiProviderSelected, "reserve"),
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
        book(StrategyBalanceUpdated, "deploy"),
        complete(StrategyLaunchCompleted, "book"),
    ),
    failures=FAILURES,
)

STRATEGY_STOP: Final = Definition(
    version=1,
    steps=(
        SCREEN,
        reserve(PositionReserved, "screen"),
        select(DeFiProviderSelected, "reserve"),
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
        book(AvailableBalanceUpdated, "convert"),
        complete(StrategyStopCompleted, "book"),
    ),
    failures=FAILURES,
)
