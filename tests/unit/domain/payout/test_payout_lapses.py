"""What an off-ramp needs to know the USDC by, and how long it waits for it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.transfer_events import TransferRequested
from domain.provider.effects import EffectKind, effect_id
from domain.provider.payouts import Opened
from domain.provider.signing import LANDING, closes_at, sign_until
from domain.shared.unit import EffectState
from tests.unit.domain.payout.test_payout_cancellations import cancelling
from tests.unit.domain.payout.test_payouts import SENT, begun, opened
from tests.unit.domain.send.journey import FIGURES, PROCESS_NAMES, PROCESSES, START, Journey

WINDOW = timedelta(seconds=FIGURES.approval_window_seconds)
OPENED = Opened(reference="payout-1", deposit_address="there", amount=SENT)


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return begun(Journey(groups=request.param))


def looked_at(journey: Journey, *, after: timedelta) -> Journey:
    """The deadline of what is to be signed, so long after the beginning."""
    return journey.deadline(after_seconds=int((START + after - journey.facts.now).total_seconds()))


@pytest.mark.parametrize("memo", [None, "payout 17"])
def test_what_is_to_be_signed_has_the_memo_that_was_asked_for(
    journey: Journey, memo: str | None
) -> None:
    opened(journey, replace(OPENED, memo=memo))

    assert journey.stream.known(TransferRequested).transfer.memo == memo


@pytest.mark.parametrize(
    ("waits", "signs"),
    [
        (None, WINDOW),
        (timedelta(hours=1), WINDOW),
        (WINDOW + LANDING, WINDOW),
        (WINDOW, WINDOW - LANDING),
        (timedelta(minutes=5), timedelta(minutes=5) - LANDING),
    ],
)
def test_it_may_be_signed_while_it_still_lands_in_time(
    journey: Journey, waits: timedelta | None, signs: timedelta
) -> None:
    opened(journey, replace(OPENED, expires_at=START + waits if waits else None))

    assert journey.stream.known(TransferRequested).approval_deadline == START + signs
    assert journey.row["approval_deadline"] == START + signs
    late = replace(journey.message(), recipient_amount=SENT, expires_at=START + signs)
    looked_at(journey.built(late), after=signs)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_APPROVAL_EXPIRED")
    assert cancelling(journey) == [EffectState.INTENT]


def test_nobody_is_offered_time_that_there_is_not(journey: Journey) -> None:
    opened(journey, replace(OPENED, expires_at=START + WINDOW))
    until = sign_until(journey.stream)
    assert until == closes_at(journey.stream)

    message = replace(journey.message(), recipient_amount=SENT, expires_at=until)
    looked_at(journey.built(message), after=WINDOW - LANDING - timedelta(seconds=30))

    assert "UserChoiceRequired" not in journey.types


def test_what_lapses_before_it_could_land_is_not_to_be_signed(journey: Journey) -> None:
    opened(journey, replace(OPENED, expires_at=START + LANDING))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_LAPSED")
    assert effect_id(journey.stream.id, EffectKind.BUILD, 1) not in journey.effects
    assert cancelling(journey) == [EffectState.INTENT]
