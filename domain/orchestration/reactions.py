"""The orchestrator hears every event of its flows, and issues what follows from it."""

from collections.abc import Mapping
from typing import Final

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.event_types import EVENT_TYPES
from domain.contracts.flows import FlowName
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.orchestration.definition import Definition
from domain.orchestration.process import Process
from domain.orchestration.strategies import STRATEGY_LAUNCH, STRATEGY_STOP
from domain.orchestration.swaps import BUY_ON_CHAIN, SELL
from domain.orchestration.withdraw import WITHDRAW, WITHDRAW_HELD, WITHDRAW_WITH_CONVERSION
from domain.orchestration.withdraw_to_bank import WITHDRAW_TO_BANK
from domain.shared.decision import Decision, Facts
from domain.shared.saga import Reactions
from domain.shared.stream import Stream

DEFINITIONS: Final[Mapping[FlowName, tuple[Definition, ...]]] = {
    FlowName.WITHDRAW_TO_WALLET: (WITHDRAW,),
    FlowName.WITHDRAW_HELD: (WITHDRAW_HELD,),
    FlowName.WITHDRAW_WITH_CONVERSION: (WITHDRAW_WITH_CONVERSION,),
    FlowName.BUY_ON_CHAIN: (BUY_ON_CHAIN,),
    FlowName.WITHDRAW_TO_BANK: (WITHDRAW_TO_BANK,),
    FlowName.SELL: (SELL,),
    FlowName.STRATEGY_LAUNCH: (STRATEGY_LAUNCH,),
    FlowName.STRATEGY_STOP: (STRATEGY_STOP,),
}
"""Every version of every flow that is led."""


def definition_of(opening: EventPayload) -> Definition:
    """The version that the flow began with."""
    wanted = getattr(opening, "definition_version", 1)
    versions = DEFINITIONS[FlowName(str(opening.flow()))]
    return next(each for each in versions if each.version == wanted)


def on_event(stream: Stream, event: Event, _facts: Facts) -> Decision:
    """Forward: what is ready now. After a failure: what is still to be undone, then the end."""
    events = stream.events[: event.sequence]
    process = Process(definition_of(events[0].data), events)
    # What the whole stream knows already was decided on an earlier event of the same batch.
    known = Process(process.definition, stream.events)
    version = process.definition.version
    reason = process.failure
    if reason is None:
        waiting = [step for step in process.ready if step in known.ready]
        return Decision(
            events=tuple(
                CommandIssued(step=step.name, command=step.command, definition_version=version)
                for step in waiting
            )
        )
    if process.to_undo:
        step = process.to_undo[0]
        if known.is_undoing(step) or step.compensation is None:
            return Decision()
        return _issued(step.name, step.compensation.command, version, reason)
    return Decision() if known.is_ending else _issued("fail", Command.FAIL, version, reason)


def _issued(step: str, command: Command, version: int, reason: str) -> Decision:
    issued = CommandIssued(step=step, command=command, definition_version=version, reason=reason)
    return Decision(events=(issued,))


REACTIONS: dict[FlowName, Reactions] = {
    name: dict.fromkeys(EVENT_TYPES.values(), on_event) for name in DEFINITIONS
}
