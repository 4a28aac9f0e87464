"""A Buy on a chain and a Sell, as they are led: what is held, swapped and credited."""

from typing import Final

from domain.contracts.buy_events import BuyTransactionCompleted, InvestedBalanceUpdated
from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.envelope import EventPayload, FlowCompleted
from domain.contracts.events import AvailableBalanceReserved
from domain.contracts.orchestration_events import Command
from domain.contracts.sell_events import SellTransactionCompleted
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
)
from domain.contracts.withdraw_events import DEXProviderSelected
from domain.orchestration.definition import Definition, Step, StepType
from domain.orchestration.steps import FAILURES, SCREEN, book, complete, reserve, select


def _led(
    *,
    reserved: type[EventPayload],
    updated: type[EventPayload],
    completed: type[FlowCompleted],
) -> Definition:
    return Definition(
        version=1,
        steps=(
            SCREEN,
            reserve(reserved, "screen"),
            select(DEXProviderSelected, "reserve"),
            Step(
                name="swap",
                kind=StepType.BLOCKCHAIN,
                command=Command.CONVERT,
                success=AssetSwapCompleted,
                prerequisites=("select",),
            ),
            book(updated, "swap"),
            complete(completed, "book"),
        ),
        failures={
            **FAILURES,
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
