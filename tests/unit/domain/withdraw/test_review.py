"""A Withdraw that a person has to approve, led by the orchestrator."""

from dataclasses import replace

import pytest

from domain.compliance.review import DecideReviewCommand, decide_review
from domain.shared.limits import LimitState
from tests.sequences import WITHDRAW
from tests.unit.domain.send.journey import (
    FIGURES,
    PROCESS_NAMES,
    PROCESSES,
    Journey,
    allowed,
)
from tests.unit.domain.withdraw.test_withdraw import ALICE, begun

AMOUNT = 25_000_000
REGIONS = {**FIGURES.regions, "US": replace(FIGURES.regions["US"], approval=AMOUNT - 1)}


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    facts = allowed("withdraw")
    facts = replace(facts, figures=replace(facts.figures, regions=REGIONS))
    return begun(Journey(groups=request.param, facts=facts))


def decide(journey: Journey, *, approves: bool) -> None:
    command = DecideReviewCommand(approves=approves, operator="olga", reason="salary")
    journey.decide(lambda stream, facts: decide_review(stream, command, facts))


def test_it_waits_held_softly(journey: Journey) -> None:
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "RESERVED")
    assert journey.held[ALICE] == AMOUNT
    assert "AvailableBalanceReserved" not in journey.types


def test_approved_it_goes_its_way_to_the_end(journey: Journey) -> None:
    decide(journey, approves=True)
    journey.built().signed().accepted().landed()

    assert [name for name in journey.types if name in WITHDRAW] == WITHDRAW
    assert journey.held[ALICE] == 0
    assert settled(journey) == [LimitState.USED]


@pytest.mark.parametrize("gives_up", [True, False])
def test_refused_or_given_up_it_ends_with_everything_free(
    journey: Journey, *, gives_up: bool
) -> None:
    if gives_up:
        journey.cancelled()
    else:
        decide(journey, approves=False)

    assert journey.types[-1] == "WithdrawTransactionFailed"
    assert journey.row["reason"] == ("TXN_CANCELLED" if gives_up else "CMP_REVIEW_REFUSED")
    assert (journey.held[ALICE], journey.posted[ALICE]) == (0, 0)
    assert settled(journey) == [LimitState.RELEASED]
    assert journey.types.count("BalanceReservationReleased") == 1


def settled(journey: Journey) -> list[LimitState]:
    return [each.state for unit in journey.units for each in unit.limits_settled]
