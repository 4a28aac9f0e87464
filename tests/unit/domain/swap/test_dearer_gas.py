"""A network that its user pays, dearer than what was held for it: they are asked, then it is held."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.gas import Gas
from domain.contracts.terms_events import GasReservationRequested
from domain.contracts.transfer_events import BlockchainTransferFailed, LegRequested
from domain.provider.choices import on_choice_deadline
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import (
    ApprovalLanded,
    Claimed,
    Declined,
    EffectKind,
    LandedWithError,
    MoreCharged,
    effect_id,
)
from domain.shared.decision import Decision
from domain.shared.unit import Group, Rejected
from tests.unit.domain.choosing import answered, asked
from tests.unit.domain.send.journey import PROCESS_NAMES, PROCESSES, Journey, allowed
from tests.unit.domain.swap import test_gas as sells
from tests.unit.domain.swap.test_swaps import arrived, tracked
from tests.unit.domain.withdraw import test_held as withdraws

ETHER, GOLD = sells.ETHER, sells.GOLD
MILLI = 10**15
SHORT = Rejected("INSUFFICIENT_BALANCE", ETHER)
Begin = Callable[[Journey], Journey]
each_flow = pytest.mark.parametrize(
    ("begin", "shown", "held"),
    [
        (sells.sold, sells.GAS, 20 * MILLI + sells.GAS + sells.ASIDE),
        (withdraws.begun, withdraws.GAS, withdraws.AMOUNT + withdraws.GAS),
    ],
    ids=["sell", "withdraw"],
)
"""`shown` is what the network may take as it began, `held` all that was held then."""


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("sell", "withdraw"))


def dearer(journey: Journey, amount: int) -> Journey:
    """The network asks so much as the leg is built."""
    cost = journey.stream.known(LegRequested).network_cost
    gas = Gas(asset="ETH", amount=amount)
    return journey.built(MoreCharged(network_cost=replace(cost, gas=gas)))


def gas_of(journey: Journey) -> Gas | None:
    """What the network may take of the leg that was asked for last."""
    return journey.stream.known(LegRequested).network_cost.gas


def freed(journey: Journey) -> bool:
    return not any((*journey.held.values(), *journey.posted.values()))


@each_flow
def test_its_user_is_asked_before_anything_more_is_held(
    journey: Journey, begin: Begin, shown: int, held: int
) -> None:
    dearer(begin(journey), 9 * MILLI)

    required = asked(journey)
    assert required.action == "CONFIRM_NETWORK_FEE"
    was = f"0.00{shown // MILLI}000000000000000 ETH was shown"
    assert f"may take up to 0.009000000000000000 ETH, where {was}" in required.summary
    assert (journey.row["state"], journey.row["waiting_on"]) == ("PROVIDER_PROCESSING", "USER")
    assert journey.held[ETHER] == held


@each_flow
def test_who_says_yes_has_it_held_and_then_built(
    journey: Journey, begin: Begin, shown: int, held: int
) -> None:
    answered(dearer(begin(journey), 9 * MILLI), ACCEPT)

    assert journey.held[ETHER] == held + 9 * MILLI - shown
    assert gas_of(journey) == Gas(asset="ETH", amount=9 * MILLI)
    assert journey.row["waiting_on"] == "PROVIDER"


@each_flow
def test_a_second_rise_is_asked_about_again_and_held_beside_the_first(
    journey: Journey, begin: Begin, shown: int, held: int
) -> None:
    answered(dearer(begin(journey), 9 * MILLI), ACCEPT)
    answered(dearer(journey, 15 * MILLI), ACCEPT)

    assert journey.stream.count(UserChoiceRequired) == 2
    assert "where 0.009000000000000000 ETH was shown" in asked(journey).summary
    assert journey.held[ETHER] == held + 15 * MILLI - shown
    answered(dearer(journey, 20 * MILLI), REJECT)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert freed(journey)


@each_flow
def test_who_has_too_little_for_it_is_told_and_keeps_what_they_have(
    journey: Journey, begin: Begin, shown: int, held: int
) -> None:
    dearer(begin(journey), 9 * MILLI)
    assert journey.held[ETHER] == held > shown
    journey.facts = replace(journey.facts, rejection=SHORT)

    answered(journey, ACCEPT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_GAS_SHORT")
    assert freed(journey)


@pytest.mark.parametrize("begin", [sells.sold, withdraws.begun], ids=["sell", "withdraw"])
def test_who_says_no_keeps_what_they_have(journey: Journey, begin: Begin) -> None:
    answered(dearer(begin(journey), 9 * MILLI), REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert freed(journey)


@pytest.mark.parametrize("begin", [sells.sold, withdraws.begun], ids=["sell", "withdraw"])
def test_who_does_not_answer_keeps_what_they_have(journey: Journey, begin: Begin) -> None:
    dearer(begin(journey), 9 * MILLI)
    deadline = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, 1)
    effect = Claimed(id=deadline, epoch=1, attempt=1)

    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_UNANSWERED")
    assert freed(journey)


@pytest.mark.parametrize("begin", [sells.sold, withdraws.begun], ids=["sell", "withdraw"])
def test_who_is_asked_may_cancel(journey: Journey, begin: Begin) -> None:
    dearer(begin(journey), 9 * MILLI).cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert freed(journey)


@pytest.mark.parametrize("rejection", [None, SHORT], ids=["enough", "short"])
@pytest.mark.parametrize("begin", [sells.sold, withdraws.begun], ids=["sell", "withdraw"])
def test_who_cancels_while_it_is_being_held_keeps_what_they_have(
    begin: Begin, rejection: Rejected | None
) -> None:
    journey = Journey(groups=PROCESSES[1], facts=allowed("sell", "withdraw"))
    dearer(begin(journey), 9 * MILLI)
    without_wallet = [(group,) for group in Group if group is not Group.WALLET]
    journey.groups = without_wallet
    answered(journey, ACCEPT)
    assert journey.stream.has(GasReservationRequested)
    journey.cancelled()
    journey.facts = replace(journey.facts, rejection=rejection)

    journey.groups = PROCESSES[1]
    journey.decide(lambda _stream, _facts: Decision())

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert journey.stream.count(BlockchainTransferFailed) == 1
    assert journey.stream.count(LegRequested) == 1
    assert freed(journey)


def test_a_withdraw_takes_what_it_needs_of_all_that_is_held(journey: Journey) -> None:
    answered(dearer(withdraws.begun(journey), 9 * MILLI), ACCEPT)

    withdraws.arrived(withdraws.asked(journey), gas=6 * MILLI)

    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, -(withdraws.AMOUNT + 6 * MILLI))
    assert not any(journey.holds.values())
    assert (journey.row["state"], journey.row["fees"][0].amount) == ("COMPLETED", 6 * MILLI)  # type: ignore[index]  # the row's fees


def test_a_withdraw_that_fails_on_the_chain_frees_the_rest(journey: Journey) -> None:
    answered(dearer(withdraws.begun(journey), 9 * MILLI), ACCEPT)

    withdraws.asked(journey).said(
        LandedWithError(reason="out of gas", gas=Gas(asset="ETH", amount=9 * MILLI))
    )

    assert (journey.held[ETHER], journey.posted[ETHER]) == (0, -9 * MILLI)
    assert not any(journey.holds.values())


def test_a_sell_goes_on_behind_its_approval(journey: Journey) -> None:
    """Of 5 the approval takes 1; the swap may take 9, so that 5 more are held."""
    sells.asked(sells.sold(journey, "PAXG"), is_approval=True)
    journey.said(ApprovalLanded(slot=70, commitment="final", gas=Gas(asset="ETH", amount=MILLI)))
    answered(dearer(journey, 9 * MILLI), ACCEPT)
    assert journey.held[ETHER] == 9 * MILLI + sells.ASIDE

    sells.swapped(sells.asked(journey), gas=8 * MILLI)
    tracked(journey, arrived("USDC", 29_900_000))

    assert journey.posted[ETHER] == -(1 + 8 + 1) * MILLI
    assert not any(journey.holds.values())
    assert (journey.row["state"], journey.posted[GOLD]) == ("COMPLETED", -20 * MILLI)


def test_an_approval_takes_of_the_oldest_hold_first(journey: Journey) -> None:
    answered(dearer(sells.sold(journey, "PAXG"), 9 * MILLI), ACCEPT)
    sells.asked(journey, is_approval=True)
    paid = Gas(asset="ETH", amount=7 * MILLI)
    journey.said(ApprovalLanded(slot=70, commitment="final", gas=paid))
    assert journey.held[ETHER] == 9 * MILLI + sells.ASIDE - paid.amount

    sells.swapped(sells.asked(journey), gas=2 * MILLI)

    assert journey.posted[ETHER] == -(7 + 2 + 1) * MILLI
    assert not any(journey.holds.values())


def test_the_next_provider_has_what_was_agreed_to(journey: Journey) -> None:
    answered(dearer(sells.sold(journey), 9 * MILLI), ACCEPT)

    journey.built(Declined(code="PRV_UNAVAILABLE", reason="out"))

    assert journey.row["provider"] == "second"
    assert gas_of(journey) == Gas(asset="ETH", amount=9 * MILLI)
