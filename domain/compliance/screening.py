"""How compliance decides on a movement, in whatever flow: once, when the flow asks for it.

What a flow is to compliance stands in its `Policy`; the decision takes of the user's limits in the
same commit and gives back or keeps what it took when the flow ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.compliance.errors import ComplianceRefusal
from domain.compliance.model import assess
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationRejected,
    CancellationRequested,
    ComplianceBlocked,
    ComplianceCleared,
    ComplianceReviewRequired,
)
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.figures import Figures
from domain.shared.limits import LimitSettled, LimitState
from domain.shared.saga import Reaction
from domain.shared.stream import Stream

CANCELLED = "TXN_CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What is moved, as the flow's opening event tells it: `flow` as the levels name it, `amount` in
    USD (millionths), every address on either side, and how it is paid for."""

    flow: str
    amount: int
    addresses: tuple[str, ...]
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A flow as compliance knows it. `asked_by` asks for the decision; of a flow that is led, the
    command `SCREEN`. `completed` and `failed` end it."""

    movement: Callable[[Stream, Figures], Movement]
    asked_by: type[EventPayload]
    completed: type[EventPayload]
    failed: type[EventPayload]


def reactions(policy: Policy) -> Mapping[type[EventPayload], Reaction]:
    """What compliance does in a flow of this policy."""

    def on_asked(stream: Stream, event: Event, facts: Facts) -> Decision:
        if isinstance(event.data, CommandIssued) and event.data.command is not Command.SCREEN:
            return NOTHING
        return _decided(stream, policy.movement(stream, facts.figures), facts)

    return {
        policy.asked_by: on_asked,
        CancellationRequested: _on_cancellation,
        policy.completed: _settling(LimitState.USED),
        policy.failed: _settling(LimitState.RELEASED),
    }


def is_under_review(stream: Stream) -> bool:
    """Whether a person's decision is still wanted."""
    ended = (ComplianceCleared, ComplianceBlocked, BalanceReservationRejected)
    return stream.has(ComplianceReviewRequired) and not stream.has(*ended)


def policy_version(facts: Facts) -> str:
    """The version of the figures and of the sanctions list that a decision was taken by."""
    return f"{facts.figures.policy_version}+{facts.screening.version}"


def _decided(stream: Stream, movement: Movement, facts: Facts) -> Decision:
    version = policy_version(facts)
    if facts.rejection is not None and facts.rejection.limit is not None:
        return _blocked(version, facts.rejection.limit)
    try:
        assessed = assess(
            flow=movement.flow,
            amount=movement.amount,
            addresses=movement.addresses,
            profile=facts.profile,
            facts=facts,
            method=movement.method,
        )
    except ComplianceRefusal as refusal:
        return _blocked(version, refusal.code)
    reserved = (assessed.reserved,) if assessed.reserved else ()
    if assessed.needs_review and not stream.has(CancellationRequested):
        review = ComplianceReviewRequired(
            policy_version=version, amount=movement.amount, screened_addresses=movement.addresses
        )
        return Decision(events=(review,), limits_reserved=reserved)
    cleared = ComplianceCleared(policy_version=version, screened_addresses=movement.addresses)
    return Decision(events=(cleared,), limits_reserved=reserved)


def _on_cancellation(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Nobody has to decide any more on what its user has given up."""
    if not is_under_review(stream):
        return NOTHING
    return _blocked(policy_version(facts), CANCELLED)


def _blocked(version: str, code: str) -> Decision:
    return Decision(events=(ComplianceBlocked(policy_version=version, code=code),))


def _settling(state: LimitState) -> Reaction:
    decision = Decision(limits_settled=(LimitSettled(state=state),))

    def on_end(_stream: Stream, _event: Event, _facts: Facts) -> Decision:
        return decision

    return on_end
