"""Compliance screens a Strategy launch when the orchestrator tells it to."""

from domain.compliance.screening import Movement, Policy, reactions
from domain.contracts.orchestration_events import CommandIssued
from domain.contracts.strategy_events import (
    StrategyLaunchCompleted,
    StrategyLaunchFailed,
    StrategyLaunchInitiated,
)
from domain.shared.figures import Figures
from domain.shared.stream import Stream


def movement(stream: Stream, _figures: Figures) -> Movement:
    launch = stream.known(StrategyLaunchInitiated)
    return Movement(flow="strategy_launch", amount=launch.amount, addresses=(launch.owner_address,))


REACTIONS = reactions(
    Policy(
        movement=movement,
        asked_by=CommandIssued,
        completed=StrategyLaunchCompleted,
        failed=StrategyLaunchFailed,
    )
)
