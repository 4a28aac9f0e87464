"""A position that is worth less than its user was shown: they are asked before anything is signed."""

from dataclasses import replace

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.strategy_events import BlockchainCallRequested
from domain.provider.choices import on_choice_deadline
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import Claimed, EffectKind, MoreCharged, WorthLess, effect_id
from tests.unit.domain.choosing import answered, asked
from tests.unit.domain.send.journey import (
    COST,
    PROCESS_NAMES,
    PROCESSES,
    Journey,
    allowed,
)
from tests.unit.domain.strategy.test_strategies import (
    AVAILABLE,
    PRINCIPAL,
    STOPPED,
    STOPPING,
    landed,
    stopped,
)

DEAR = replace(STOPPING, value=200_000_000)
"""Its fee is a share, 0.78, and not the least."""


@pytest.fixture(params=PROCESSES, ids=PROCESS_NAMES)
def journey(request: pytest.FixtureRequest) -> Journey:
    return Journey(groups=request.param, facts=allowed("strategy"))


def fallen(journey: Journey, value: int = 150_000_000) -> Journey:
    return stopped(journey, DEAR).built(WorthLess(value=value))


def test_what_it_was_shown_to_be_worth_goes_with_the_call(journey: Journey) -> None:
    call = stopped(journey, DEAR).stream.known(BlockchainCallRequested).call

    assert (call.value, call.slippage_millionths) == (200_000_000, 5_000)


def test_its_user_is_asked_with_both_numbers(journey: Journey) -> None:
    fallen(journey)

    required = asked(journey)
    assert required.action == "CONFIRM_SLIPPAGE"
    assert [each.name for each in required.options] == [ACCEPT, REJECT]
    assert "kamino would give about 150.000000 USDC for it" in required.summary
    assert "where 200.000000 USDC was shown" in required.summary
    assert "149.413500 USDC of it would arrive" in required.summary
    row = journey.row
    assert (row["state"], row["sub_state"]) == ("PROVIDER_PROCESSING", "SLIPPAGE_VALIDATING")
    assert (row["waiting_on"], journey.held[STOPPED]) == ("USER", PRINCIPAL)


def test_who_says_yes_closes_it_by_the_new_numbers(journey: Journey) -> None:
    answered(fallen(journey), ACCEPT)

    call = journey.stream.known(BlockchainCallRequested).call
    assert (call.value, call.platform_fee) == (150_000_000, 585_000)
    assert (journey.row["target_amount"], journey.row["platform_fee"]) == (149_413_500, 585_000)
    landed(journey.built().signed().accepted(), moved=150_000_000, fee=586_500)
    assert journey.row["state"] == "COMPLETED"
    assert journey.posted[AVAILABLE] == 149_413_500
    assert not any((*journey.held.values(), *journey.incoming.values()))
    fees = {fee.kind: fee.amount for fee in journey.row["fees"]}  # type: ignore[attr-defined]  # the row's fees
    assert fees == {"NETWORK": 1_500, "PLATFORM": 585_000}


def test_the_fee_shrinks_to_its_minimum_at_most(journey: Journey) -> None:
    answered(fallen(journey, 10_000_000), ACCEPT)

    assert journey.stream.known(BlockchainCallRequested).call.platform_fee == 250_000


def test_a_second_fall_is_asked_about_again(journey: Journey) -> None:
    answered(fallen(journey), ACCEPT).built(WorthLess(value=100_000_000))

    assert journey.stream.count(UserChoiceRequired) == 2
    assert "where 150.000000 USDC was shown" in asked(journey).summary
    answered(journey, REJECT)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")


def test_the_network_may_ask_more_as_well(journey: Journey) -> None:
    dearer = replace(COST, total_base_units=301_500)
    answered(fallen(journey), ACCEPT).built(MoreCharged(network_cost=dearer))

    answered(journey, ACCEPT)

    requested = journey.stream.known(BlockchainCallRequested)
    assert (requested.call.value, requested.network_cost) == (150_000_000, dearer)
    assert journey.row["target_amount"] == 150_000_000 - 585_000 - 301_500


def test_who_says_no_keeps_the_position(journey: Journey) -> None:
    answered(fallen(journey), REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert not any((*journey.held.values(), *journey.incoming.values(), journey.posted[STOPPED]))


def test_who_does_not_answer_keeps_the_position(journey: Journey) -> None:
    fallen(journey)
    deadline = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, 1)
    effect = Claimed(id=deadline, epoch=1, attempt=1)

    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_UNANSWERED")
    assert not any((*journey.held.values(), *journey.incoming.values()))


def test_it_can_be_cancelled_while_its_user_is_asked(journey: Journey) -> None:
    fallen(journey).cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert not any((*journey.held.values(), *journey.incoming.values()))


def test_a_position_that_its_fees_would_eat_is_not_asked_about(journey: Journey) -> None:
    fallen(journey, 251_500)

    assert not journey.stream.has(UserChoiceRequired)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_FEES_EXCEED_AMOUNT")
    assert not any((*journey.held.values(), *journey.incoming.values()))
