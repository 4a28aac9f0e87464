"""A Send that a person has to approve: held softly, then cleared, refused, or given up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.compliance.review import DecideReviewCommand, NotUnderReview, decide_review
from domain.contracts.events import BalanceHeldForReview
from domain.contracts.transfer_events import SolanaTransferRequested
from domain.shared.limits import LimitState
from domain.shared.unit import Group, HoldKind, Rejected
from tests.unit.domain.send.journey import FACTS, FIGURES, GROUPS, Journey

AMOUNT = 25_000_000
LINE = {"US": replace(FIGURES.regions["US"], approval=AMOUNT - 1)}
REVIEWED = replace(FACTS, figures=replace(FIGURES, regions={**FIGURES.regions, **LINE}))


@pytest.fixture(params=[(GROUPS,), tuple((group,) for group in GROUPS)], ids=["one", "many"])
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=REVIEWED).initiate()


def decide(journey: Journey, *, approves: bool) -> None:
    command = DecideReviewCommand(approves=approves, operator="olga", reason="salary")
    journey.decide(lambda stream, facts: decide_review(stream, command, facts))


def holds(journey: Journey) -> dict[HoldKind, int]:
    total = dict.fromkeys(HoldKind, 0)
    for unit in journey.units:
        for placed in unit.holds_placed:
            total[placed.kind] += placed.amount
        for settled in unit.holds_settled:
            total[settled.kind] -= settled.captured + settled.released
    return total


def settled(journey: Journey) -> list[LimitState]:
    return [each.state for unit in journey.units for each in unit.limits_settled]


def test_it_waits_for_a_person_and_is_held_softly(journey: Journey) -> None:
    types = [event.type for event in journey.stream.events]

    assert types == [
        "SendTransactionInitiated",
        "ComplianceReviewRequired",
        "BalanceHeldForReview",
    ]
    assert holds(journey)[HoldKind.SOFT] == AMOUNT
    fields = {
        name: value
        for unit in journey.units
        if unit.transaction
        for name, value in unit.transaction.fields.items()
    }
    assert (fields["waiting_on"], fields["funds_location"]) == ("OPERATOR", "RESERVED")
    assert sum(len(unit.limits_reserved) for unit in journey.units) == 1


def test_cleared_its_soft_hold_becomes_the_flow_s_own(journey: Journey) -> None:
    journey.facts = replace(journey.facts, now=journey.facts.now + timedelta(days=2))
    decide(journey, approves=True)

    types = [event.type for event in journey.stream.events]
    assert types[3:6] == ["ComplianceCleared", "RecipientValidated", "AvailableBalanceReserved"]
    assert holds(journey) == {HoldKind.SOFT: 0, HoldKind.HARD: AMOUNT, HoldKind.INCOMING: 0}
    deadline = journey.stream.known(SolanaTransferRequested).approval_deadline
    assert deadline > journey.facts.now
    assert settled(journey) == []


def test_refused_it_is_free_again(journey: Journey) -> None:
    decide(journey, approves=False)

    types = [event.type for event in journey.stream.events]
    assert types[3:] == [
        "ComplianceBlocked",
        "BalanceReservationReleased",
        "SendTransactionFailed",
    ]
    assert set(holds(journey).values()) == {0}
    assert settled(journey) == [LimitState.RELEASED]


def test_its_user_may_give_it_up(journey: Journey) -> None:
    journey.cancelled()

    assert journey.stream.events[-1].type == "SendTransactionFailed"
    assert set(holds(journey).values()) == {0}
    assert settled(journey) == [LimitState.RELEASED]
    with pytest.raises(NotUnderReview):
        decide(journey, approves=True)


def test_a_decision_is_taken_once(journey: Journey) -> None:
    decide(journey, approves=True)

    with pytest.raises(NotUnderReview):
        decide(journey, approves=False)


def test_a_limit_that_the_database_found_passed_blocks_it_with_nothing_held() -> None:
    rejection = Rejected("CMP_DAILY_LIMIT", "wallet")
    journey = Journey(groups=(GROUPS,), facts=replace(FACTS, rejection=rejection)).initiate()

    types = [event.type for event in journey.stream.events]
    assert types[1:] == ["ComplianceBlocked", "SendTransactionFailed"]
    assert set(holds(journey).values()) == {0}
    assert not journey.stream.has(BalanceHeldForReview)


@pytest.mark.parametrize("groups", [(GROUPS,), ((Group.COMPLIANCE,), GROUPS[1:])])
def test_without_a_review_the_limits_are_taken_with_the_clearing(
    groups: tuple[tuple[Group, ...], ...],
) -> None:
    journey = Journey(groups=groups).initiate()

    taken = [unit for unit in journey.units if unit.limits_reserved]
    assert len(taken) == 1
    assert any(event.type == "ComplianceCleared" for event in taken[0].events)
