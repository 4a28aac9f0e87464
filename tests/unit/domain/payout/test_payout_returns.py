"""What a provider gives back without saying by which transaction, and what nobody hears of."""

from dataclasses import replace

import pytest

from domain.provider.effects import EffectKind, effect_id
from domain.provider.payouts import RETURNS, Waiting
from domain.shared.unit import EffectState, Rejected
from tests.unit.domain.payout.test_payouts import (
    AVAILABLE,
    SENT,
    begun,
    checked,
    opened,
    returned,
    sent,
)
from tests.unit.domain.send.journey import FACTS, PROCESS_NAMES, PROCESSES, Journey

CREDITED = replace(returned(SENT), is_credited=True)


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return sent(opened(begun(Journey(groups=request.param))))


def checking(journey: Journey) -> EffectState:
    return journey.effects[effect_id(journey.stream.id, EffectKind.PAYOUT_CHECK, 1)]


def test_what_is_credited_by_itself_ends_it_and_is_not_credited_here(journey: Journey) -> None:
    before = journey.posted[AVAILABLE]

    checked(journey, CREDITED)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PAY_RETURNED")
    assert journey.row["funds_location"] == "RETURNED"
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted[AVAILABLE] == before
    claims = [claim for unit in journey.units for claim in unit.claims if claim.chain == RETURNS]
    assert [claim.signature for claim in claims] == ["refund-1"]
    assert checking(journey) is EffectState.DECLINED


def test_a_credit_that_is_another_payouts_ends_nothing(journey: Journey) -> None:
    journey.facts = replace(journey.facts, rejection=Rejected("ALREADY_BOOKED", "alice-ata"))

    checked(journey, CREDITED)

    assert "PayoutReturned" not in journey.types
    assert journey.posted["provider:first:USDC"] == SENT
    assert checking(journey) is EffectState.PENDING


def test_what_takes_too_long_is_for_a_person_once_and_may_still_end(journey: Journey) -> None:
    late = Waiting(due_at=FACTS.now, received=True, overdue="the bank is not paid after 7 days")
    checked(checked(journey, late), late)

    assert journey.types.count("OperatorRequired") == 1
    assert journey.types.count("FiatTransferRequested") == 1
    assert (journey.row["waiting_on"], journey.row["funds_location"]) == ("OPERATOR", "SUSPENSE")
    assert checking(journey) is EffectState.PENDING

    checked(journey, returned(SENT))
    assert (journey.row["state"], journey.row["funds_location"]) == ("FAILED", "RETURNED")
