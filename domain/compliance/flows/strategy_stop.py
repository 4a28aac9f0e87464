"""Compliance screens a Strategy stop when the orchestrator tells it to; no limit stops it."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.strategy_events import (
    StrategyStopCompleted,
    StrategyStopFailed,
    StrategyStopInitiated,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    stop = stream.known(StrategyStopInitiated)
    return Movement(flow="strategy_stop", amount=stop.value, addresses=(stop.owner_address,))


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=CommandIssued,
        completed=StrategyStopCompleted,
        failed=StrategyStopFailed,
    )
)
