"""The Transaction: where it stands, as its events add up."""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.contracts.envelope import EventPayload
from domain.contracts.flows import FlowName
from domain.shared.stream import Stream
from domain.transaction.flow import Flow, Record
from domain.transaction.flows import (
    buy,
    buy_with_payment,
    deposit,
    sell,
    send,
    strategy,
    withdraw,
    withdraw_held,
    withdraw_to_bank,
    withdraw_with_conversion,
)
from domain.transaction.machine import Position, enter, fire
from domain.transaction.states import RULES, State

FLOWS: Final[Mapping[FlowName, Flow]] = {
    FlowName.SEND: send.FLOW,
    FlowName.DEPOSIT: deposit.FLOW,
    FlowName.WITHDRAW_TO_WALLET: withdraw.FLOW,
    FlowName.WITHDRAW_HELD: withdraw_held.FLOW,
    FlowName.WITHDRAW_WITH_CONVERSION: withdraw_with_conversion.FLOW,
    FlowName.BUY_ON_CHAIN: buy.FLOW,
    FlowName.BUY_WITH_PAYMENT: buy_with_payment.FLOW,
    FlowName.WITHDRAW_TO_BANK: withdraw_to_bank.FLOW,
    FlowName.SELL: sell.FLOW,
    FlowName.STRATEGY_LAUNCH: strategy.LAUNCH,
    FlowName.STRATEGY_STOP: strategy.STOP,
}
"""Every flow by its name."""

NO_RECORD: Final = Record()


def flow_of(stream: Stream) -> Flow:
    """The flow of a transaction's stream."""
    return _named(stream.events[0].data)


def _named(opening: EventPayload) -> Flow:
    name = opening.flow()
    if name is None:
        raise LookupError(f"{opening.type_name()} opens no flow")
    return FLOWS[name]


def record_of(flow: Flow, payload: EventPayload) -> Record:
    """What this event changes; nothing, where it is not about the transaction's state."""
    return flow.records.get(type(payload), NO_RECORD)


def positions_after(position: Position, record: Record) -> tuple[Position, ...]:
    """The states passed because of one event, in order; raises `ForbiddenTransition`."""
    passed: list[Position] = []
    for trigger, sub_state in record.moves:
        if trigger is not None and RULES[trigger][1] is not position.state:
            position = fire(position, trigger, sub_state=sub_state)
        elif sub_state is not None:
            position = enter(position, sub_state)
        passed.append(position)
    return tuple(passed)


def position_of(payloads: Sequence[EventPayload]) -> Position:
    """Where a transaction stands after these events, of which the first names the flow."""
    position = Position(State.INITIATED)
    if not payloads:
        return position
    flow = _named(payloads[0])
    for payload in payloads:
        for passed in positions_after(position, record_of(flow, payload)):
            position = passed
    return position


def state_of(payloads: Sequence[EventPayload]) -> tuple[str | None, str | None]:
    """State and sub-state for an event's envelope; none in a stream that is no transaction."""
    if not payloads or payloads[0].flow() is None:
        return None, None
    position = position_of(payloads)
    return position.state.value, position.sub_state


def progress_percent(payloads: Sequence[EventPayload]) -> int:
    """The share of the flow's milestones that have been passed, rounded down."""
    milestones = _named(payloads[0]).milestones
    passed = {type(payload) for payload in payloads}
    return 100 * sum(milestone in passed for milestone in milestones) // len(milestones)
