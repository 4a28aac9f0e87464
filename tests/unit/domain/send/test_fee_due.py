"""What is owed from earlier is paid with what is signed next: once, or not at all."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.contracts.events import FeeDueReserved, FeeDueSettled
from domain.provider.effects import Absent, LandedWithError, Unknown
from domain.provider.leg import fee_due
from domain.wallet.fee_due import may_collect
from tests.unit.domain.send.journey import ALICE_WALLET, Journey

DUE = f"fee_due:{ALICE_WALLET}"
AVAILABLE = f"available:{ALICE_WALLET}"
BOB = "available:00000000-0000-0000-0000-000000000005"
OWED = 470_400
COSTS = 1_500


@pytest.fixture
def owing(journey: Journey) -> Journey:
    return journey.owing(OWED)


def test_it_is_held_apart_and_paid_with_the_transfer(owing: Journey) -> None:
    owing.initiate().built()
    assert (owing.held[DUE], owing.held[AVAILABLE]) == (OWED, 25_000_000)
    assert owing.row["fee_due"] == OWED

    owing.signed().accepted().landed(fee_amount=COSTS + OWED)

    assert owing.row["state"] == "COMPLETED"
    assert (owing.posted[DUE], owing.held[DUE]) == (-OWED, 0)
    assert (owing.posted[AVAILABLE], owing.held[AVAILABLE]) == (-25_000_000, 0)
    assert owing.posted[BOB] == 25_000_000 - COSTS
    assert owing.posted["fees:USDC"] == COSTS + OWED
    assert owing.row["fee_due"] == OWED
    settled = owing.stream.known(FeeDueSettled)
    assert (settled.collected, settled.released) == (OWED, 0)


def test_who_owes_nothing_pays_nothing_beside(journey: Journey) -> None:
    journey.initiate().built().signed().accepted().landed()

    assert not journey.stream.has(FeeDueReserved, FeeDueSettled)
    assert DUE not in journey.posted


def test_a_refusal_holds_nothing_of_it(owing: Journey) -> None:
    owing.rejected().initiate()

    assert owing.row["state"] == "FAILED"
    assert owing.held[DUE] == 0


def _expired(journey: Journey) -> Journey:
    return journey.built().deadline(after_seconds=901)


def _cancelled(journey: Journey) -> Journey:
    return journey.built().cancelled()


def _refused_by_the_chain(journey: Journey) -> Journey:
    journey.built().signed().accepted()
    return journey.said(LandedWithError(reason="insufficient funds", lamports_spent=10_000))


def _absent_for_ever(journey: Journey) -> Journey:
    for _attempt in range(4):
        journey.built().signed().accepted().said(Absent(block_height=151))
    return journey


@pytest.mark.parametrize("end", [_expired, _cancelled, _refused_by_the_chain, _absent_for_ever])
def test_what_failed_for_certain_leaves_it_owed(
    owing: Journey, end: Callable[[Journey], Journey]
) -> None:
    end(owing.initiate())

    assert owing.row["state"] == "FAILED"
    assert (owing.posted[DUE], owing.held[DUE], owing.row["fee_due"]) == (0, 0, 0)
    assert owing.stream.known(FeeDueSettled).released == OWED
    assert owing.stream.count(FeeDueSettled) == 1


def test_of_an_unknown_outcome_it_stays_held(owing: Journey) -> None:
    owing.initiate().built().signed().said(Unknown(reason="timeout", due_at=owing.facts.now))

    assert owing.held[DUE] == OWED
    assert not owing.stream.has(FeeDueSettled)

    owing.accepted().landed(fee_amount=COSTS + OWED)
    assert (owing.posted[DUE], owing.held[DUE]) == (-OWED, 0)


def test_one_that_is_built_anew_pays_it_once(owing: Journey) -> None:
    owing.initiate().built().signed().accepted().said(Absent(block_height=151))
    owing.built().signed().accepted().landed(fee_amount=COSTS + OWED)

    assert owing.stream.count(FeeDueReserved) == 1
    assert (owing.posted[DUE], owing.held[DUE]) == (-OWED, 0)
    assert owing.posted["fees:USDC"] == COSTS + OWED


def test_what_grows_meanwhile_is_of_the_next(owing: Journey) -> None:
    """The one that holds it pays what it held, whatever the wallet owes by now."""
    owing.initiate().owing(2 * OWED).built().signed().accepted().landed(fee_amount=COSTS + OWED)

    assert (owing.posted[DUE], owing.held[DUE]) == (-OWED, 0)


def test_a_message_that_left_it_out_pays_nothing_of_it(owing: Journey) -> None:
    """What was built is what counts: nothing is booked that the chain did not move."""
    owing.initiate()
    owing.built(replace(owing.message(), fee_due=0)).signed().accepted().landed()

    assert owing.row["state"] == "COMPLETED"
    assert (owing.posted[DUE], owing.held[DUE], owing.row["fee_due"]) == (0, 0, 0)
    assert owing.posted["fees:USDC"] == COSTS


def test_it_is_asked_for_until_something_is_held(journey: Journey) -> None:
    assert may_collect(journey.stream)

    journey.initiate()

    assert not may_collect(journey.stream)


def test_a_later_leg_does_not_pay_it_again_whether_the_wallet_has_booked_it_or_not(
    owing: Journey,
) -> None:
    owing.initiate().built()
    assert fee_due(owing.stream) == OWED

    owing.signed().accepted().landed(fee_amount=COSTS + OWED)

    events = owing.stream.events
    unbooked = tuple(each for each in events if not isinstance(each.data, FeeDueSettled))
    assert fee_due(owing.stream) == fee_due(replace(owing.stream, events=unbooked)) == 0
