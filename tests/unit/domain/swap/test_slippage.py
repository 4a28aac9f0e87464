"""A swap that would bring less than was shown: others are asked, then the user; never silently."""

from dataclasses import replace
from datetime import timedelta

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.swap_events import BlockchainSwapRequested
from domain.provider.choices import on_choice_deadline
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import (
    Claimed,
    Declined,
    EffectKind,
    LessOffered,
    MoreCharged,
    effect_id,
)
from tests.unit.domain.choosing import answered, asked
from tests.unit.domain.send.journey import COST, Journey
from tests.unit.domain.swap.test_swaps import AVAILABLE, bought, landed, sold

PROMISED = 198_000_000
"""The least that `bought` shows: the first offer's."""


def less(minimum: int) -> LessOffered:
    return LessOffered(target_amount=minimum + 1_000_000, target_minimum=minimum)


def least(journey: Journey) -> int:
    return journey.stream.known(BlockchainSwapRequested).swap.target_minimum


def both_worse(journey: Journey) -> Journey:
    """The first would bring 190, the second 195: the second is the last that was asked."""
    return bought(journey).built(less(190_000_000)).built(less(195_000_000))


def test_the_next_provider_is_asked_to_keep_what_the_first_promised(journey: Journey) -> None:
    bought(journey).built(less(190_000_000))

    assert (journey.row["provider"], least(journey)) == ("second", PROMISED)
    assert not journey.stream.has(UserChoiceRequired)
    landed(journey.built().signed().accepted(), spent=30_000_000, received=199_000_000)
    assert journey.row["state"] == "COMPLETED"


def test_a_provider_that_takes_over_for_another_reason_keeps_the_promise_too(
    journey: Journey,
) -> None:
    bought(journey).built(Declined(code="PRV_UNAVAILABLE", reason="out"))

    assert (journey.row["provider"], least(journey)) == ("second", PROMISED)


def test_where_nobody_keeps_it_the_user_is_asked(journey: Journey) -> None:
    both_worse(journey)

    required = asked(journey)
    assert required.action == "CONFIRM_SLIPPAGE"
    assert [each.name for each in required.options] == [ACCEPT, REJECT]
    assert "0.198000000 SOL was shown" in required.summary
    assert "at least 0.195000000 SOL" in required.summary
    assert required.expires_at == journey.facts.now + timedelta(seconds=300)
    row = journey.row
    assert (row["state"], row["sub_state"]) == ("PROVIDER_PROCESSING", "SLIPPAGE_VALIDATING")
    assert row["waiting_on"] == "USER"
    assert journey.held[AVAILABLE] == 30_001_500


def test_who_says_yes_goes_on_by_the_new_terms_and_no_worse(journey: Journey) -> None:
    answered(both_worse(journey), ACCEPT)

    assert least(journey) == 195_000_000
    assert journey.row["target_amount"] == 196_000_000
    landed(journey.built().signed().accepted(), spent=30_000_000, received=195_500_000)
    assert (journey.row["state"], journey.row["provider"]) == ("COMPLETED", "second")
    assert journey.held[AVAILABLE] == 0


def test_who_was_better_is_asked_again_before_the_user_is(journey: Journey) -> None:
    bought(journey).built(less(196_000_000)).built(less(190_000_000))
    assert journey.row["provider"] == "first"
    assert not journey.stream.has(UserChoiceRequired)

    answered(journey.built(less(194_000_000)), ACCEPT)

    assert (journey.row["provider"], least(journey)) == ("first", 194_000_000)


def test_it_is_asked_again_where_the_price_moves_on(journey: Journey) -> None:
    answered(both_worse(journey), ACCEPT).built(less(180_000_000))

    assert journey.stream.count(UserChoiceRequired) == 2
    answered(journey, REJECT)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")


def test_who_says_no_has_their_money_back(journey: Journey) -> None:
    answered(both_worse(journey), REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_who_does_not_answer_has_their_money_back(journey: Journey) -> None:
    both_worse(journey)
    deadline = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, 1)
    effect = Claimed(id=deadline, epoch=1, attempt=1)

    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_UNANSWERED")
    assert journey.held[AVAILABLE] == 0


def test_it_can_be_cancelled_while_the_user_is_asked(journey: Journey) -> None:
    both_worse(journey).cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert journey.held[AVAILABLE] == 0


def test_the_share_of_a_sell_shrinks_with_what_it_brings(journey: Journey) -> None:
    sold(journey)
    fee = journey.stream.known(BlockchainSwapRequested).swap.platform_fee
    worse = least(journey) * 9 // 10
    answered(journey.built(less(worse)).built(less(worse)), ACCEPT)

    swap = journey.stream.known(BlockchainSwapRequested).swap
    assert swap.target_minimum == worse
    assert swap.platform_fee == max(250_000, fee * 9 // 10)


def dearer(total: int) -> MoreCharged:
    return MoreCharged(network_cost=replace(COST, total_base_units=total))


def test_a_network_that_became_dearer_asks_the_user(journey: Journey) -> None:
    bought(journey).built(dearer(1_501_500))

    required = asked(journey)
    assert required.action == "CONFIRM_NETWORK_FEE"
    assert "1.501500 USDC, where 0.001500 USDC was shown" in required.summary
    assert (journey.row["state"], journey.row["waiting_on"]) == ("PROVIDER_PROCESSING", "USER")


def test_who_pays_it_swaps_so_much_less_at_the_same_price(journey: Journey) -> None:
    answered(bought(journey).built(dearer(1_501_500)), ACCEPT)

    requested = journey.stream.known(BlockchainSwapRequested)
    assert requested.network_cost.total_base_units == 1_501_500
    assert requested.swap.amount == 28_500_000
    assert requested.swap.target_minimum == PROMISED * 95 // 100
    journey.built().signed().accepted()
    landed(journey, spent=28_500_000, received=189_000_000, fee=1_501_500)
    assert journey.row["state"] == "COMPLETED"
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (-30_001_500, 0)


def test_who_does_not_pay_it_has_their_money_back(journey: Journey) -> None:
    answered(bought(journey).built(dearer(1_501_500)), REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert journey.held[AVAILABLE] == 0


def test_both_may_be_asked_one_after_the_other(journey: Journey) -> None:
    answered(both_worse(journey), ACCEPT).built(dearer(1_501_500))
    answered(journey, ACCEPT)

    requested = journey.stream.known(BlockchainSwapRequested)
    assert requested.network_cost.total_base_units == 1_501_500
    assert requested.swap.target_minimum == 195_000_000 * 95 // 100
