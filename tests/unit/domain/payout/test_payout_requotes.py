"""A payout whose terms were gone before it was opened, or whose network became dearer before it was
signed: offers are asked for anew, and its user says whether less will do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.events import NetworkCost
from domain.contracts.payout_events import PayoutOffer, PayoutRequoteRequested
from domain.contracts.transfer_events import BlockchainTransferFailed, TransferRequested
from domain.provider.choices import on_choice_deadline
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import Claimed, Declined, EffectKind, MoreCharged, effect_id
from domain.provider.payout_requotes import PayoutsRequoted, on_payouts_requoted
from domain.provider.payouts import Opened, Paid
from domain.provider.requotes import PATIENCE, REQUOTES_MAX, RETRY
from domain.shared.unit import EffectState
from domain.transaction.payouts import withdraw_to_bank
from tests.unit.domain.choosing import answered
from tests.unit.domain.payout.test_payouts import (
    AVAILABLE,
    COMMAND,
    COSTS,
    SENT,
    begun,
    checked,
    journey,
    offer,
    opened,
    sent,
)
from tests.unit.domain.send.journey import COST, START, Journey

__all__ = ["journey"]

CHANGED = Declined(code="PRV_QUOTE_CHANGED", reason="the quote no longer holds")
DECLINED = Declined(code="PRV_DECLINED", reason="not this account")
ALONE = replace(COMMAND, bank=replace(COMMAND.bank, offers=(offer("first", 9_900),)))
MORE = 3_000_000
"""So much more the network asks."""
DEARER = replace(COST, total_base_units=COST.total_base_units + MORE)


def alone(journey: Journey) -> Journey:
    """One provider alone offered anything."""
    journey.decide(lambda _stream, facts: withdraw_to_bank(ALONE, facts=facts))
    return journey


def offered(journey: Journey, *offers: PayoutOffer) -> Journey:
    """What is answered to the question for offers that is under way."""
    number = journey.stream.count(PayoutRequoteRequested)
    effect = effect_id(journey.stream.id, EffectKind.PAYOUT_QUOTE, number)
    claimed = Claimed(id=effect, epoch=1, attempt=number)
    told = PayoutsRequoted(offers=offers, rejected=())
    journey.decide(lambda stream, facts: on_payouts_requoted(stream, claimed, told, facts))
    return journey


def silent(journey: Journey) -> Journey:
    number = journey.stream.count(UserChoiceRequired)
    deadline = effect_id(journey.stream.id, EffectKind.CHOICE_DEADLINE, number)
    effect = Claimed(id=deadline, epoch=1, attempt=number)
    journey.decide(lambda stream, facts: on_choice_deadline(stream, effect, facts))
    return journey


def cancelled_at_provider(journey: Journey, number: int) -> bool:
    return effect_id(journey.stream.id, EffectKind.PAYOUT_CANCEL, number) in journey.effects


def free(journey: Journey) -> bool:
    return (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_who_changed_a_quote_is_asked_for_another(journey: Journey) -> None:
    opened(alone(journey), CHANGED)
    assert journey.stream.known(PayoutRequoteRequested).amount == SENT
    assert journey.row["waiting_on"] == "PROVIDER"

    offered(journey, offer("first", 9_800))

    assert not journey.stream.has(UserChoiceRequired)
    assert journey.row["target_amount"] == 9_800
    checked(sent(opened(journey)), Paid(fiat_amount=None))
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", 9_800)


def test_for_much_less_its_user_is_asked(journey: Journey) -> None:
    offered(opened(alone(journey), CHANGED), offer("first", 9_500))

    required = journey.stream.known(UserChoiceRequired)
    assert required.action == "CONFIRM_SLIPPAGE"
    assert "first would pay about 95.00 USD, where 99.00 USD was shown" in required.summary
    assert journey.row["waiting_on"] == "USER"
    checked(sent(opened(answered(journey, ACCEPT))), Paid(fiat_amount=None))
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", 9_500)


def test_the_best_of_all_present_offers_is_asked_about(journey: Journey) -> None:
    """The next would pay much less than the one that changed its quote: both are asked."""
    far = replace(COMMAND.bank, offers=(offer("first", 9_900), offer("far", 9_000)))
    journey.decide(lambda _stream, facts: withdraw_to_bank(replace(COMMAND, bank=far), facts=facts))
    offered(opened(journey, CHANGED), offer("first", 9_600), offer("far", 9_000))

    answered(journey, ACCEPT)

    assert (journey.row["provider"], journey.row["target_amount"]) == ("first", 9_600)


def test_who_takes_over_for_almost_as_much_is_taken_at_once(journey: Journey) -> None:
    opened(begun(journey), CHANGED)

    assert journey.row["provider"] == "second"
    assert not journey.stream.has(PayoutRequoteRequested)


def test_it_is_asked_again_where_it_changes_once_more(journey: Journey) -> None:
    answered(offered(opened(alone(journey), CHANGED), offer("first", 9_500)), ACCEPT)
    offered(opened(journey, CHANGED), offer("first", 9_000))

    assert journey.stream.count(UserChoiceRequired) == 2
    assert "where 95.00 USD was shown" in journey.stream.known(UserChoiceRequired).summary
    answered(journey, REJECT)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert free(journey)


def test_it_is_not_asked_for_ever(journey: Journey) -> None:
    alone(journey)
    for _again in range(REQUOTES_MAX):
        offered(opened(journey, CHANGED), offer("first", 9_900))

    opened(journey, CHANGED)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_QUOTE_CHANGED")
    assert free(journey)


def test_who_failed_otherwise_is_not_taken_again(journey: Journey) -> None:
    opened(opened(begun(journey), DECLINED), CHANGED)

    offered(journey, offer("first", 9_900), offer("second", 9_800))

    assert journey.row["provider"] == "second"


@pytest.mark.parametrize(
    ("ends", "reason"), [(silent, "TXN_TERMS_UNANSWERED"), (Journey.cancelled, "TXN_CANCELLED")]
)
def test_who_does_not_say_yes_keeps_their_money(
    journey: Journey, ends: object, reason: str
) -> None:
    offered(opened(alone(journey), CHANGED), offer("first", 9_500))

    ends(journey)  # type: ignore[operator]  # either of two functions

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", reason)
    assert free(journey)


def test_who_cancels_while_offers_are_asked_for_keeps_their_money(journey: Journey) -> None:
    opened(alone(journey), CHANGED).cancelled()

    offered(journey, offer("first", 9_500))

    assert not journey.stream.has(UserChoiceRequired)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert free(journey)


def test_where_nobody_offers_anything_it_is_tried_for_a_while(journey: Journey) -> None:
    opened(alone(journey), CHANGED)
    quote = effect_id(journey.stream.id, EffectKind.PAYOUT_QUOTE, 1)

    offered(journey)

    assert journey.effects[quote] is EffectState.INTENT
    assert journey.units[-1].effects_moved[0].due_at == journey.facts.now + RETRY
    journey.facts = replace(journey.facts, now=journey.facts.now + PATIENCE)
    offered(journey)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "PRV_NONE_AVAILABLE")
    assert free(journey)


def test_what_expired_while_nobody_could_open_it_is_asked_for_anew(journey: Journey) -> None:
    late = replace(offer("first", 9_900), expires_at=START)
    stale = replace(COMMAND, bank=replace(COMMAND.bank, offers=(late,)))
    journey.decide(lambda _stream, facts: withdraw_to_bank(stale, facts=facts))

    offered(journey, offer("first", 9_890))

    assert journey.types.count("USDCToFiatConversionRequested") == 1
    checked(sent(opened(journey)), Paid(fiat_amount=None))
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", 9_890)


def dearer(journey: Journey, cost: NetworkCost = DEARER) -> Journey:
    return journey.built(MoreCharged(network_cost=cost))


def less_sent(journey: Journey, *, more: int = MORE, reference: str = "payout-2") -> Journey:
    """The payout of the less is opened, signed and landed."""
    amount = SENT - more
    opened(journey, Opened(reference=reference, deposit_address="elsewhere", amount=amount))
    wanted = journey.stream.known(TransferRequested).transfer
    assert (wanted.delivered, wanted.recipient_address) == (amount, "elsewhere")
    cost = journey.stream.known(TransferRequested).network_cost
    message = replace(journey.message(), recipient_amount=amount, network_cost=cost)
    journey.built(message).signed().accepted()
    return journey.landed(amount, COMMAND.amount - amount)


def test_a_network_that_became_dearer_asks_the_user(journey: Journey) -> None:
    dearer(opened(begun(journey)))

    required = journey.stream.known(UserChoiceRequired)
    assert required.action == "CONFIRM_NETWORK_FEE"
    assert "asks 3.001500 USDC, where 0.001500 USDC was shown" in required.summary
    assert journey.held[AVAILABLE] == COMMAND.amount
    assert not cancelled_at_provider(journey, 1)


def test_who_pays_it_has_the_less_paid_out(journey: Journey) -> None:
    answered(dearer(opened(begun(journey))), ACCEPT)
    assert cancelled_at_provider(journey, 1)
    assert journey.stream.known(PayoutRequoteRequested).amount == SENT - MORE
    offered(journey, offer("first", 9_595), offer("second", 9_490))

    checked(less_sent(journey), Paid(fiat_amount=None))

    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", 9_595)
    assert journey.row["network_fee"] == DEARER.total_base_units
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (-COMMAND.amount, 0)
    assert journey.posted["provider:first:USDC"] == 0
    assert journey.posted["fees:USDC"] == COSTS.platform_fee + DEARER.total_base_units
    assert journey.stream.count(UserChoiceRequired) == 1


def test_much_less_than_the_less_is_asked_about_too(journey: Journey) -> None:
    answered(dearer(opened(begun(journey))), ACCEPT)
    offered(journey, offer("first", 9_300))

    required = journey.stream.known(UserChoiceRequired)
    assert required.action == "CONFIRM_SLIPPAGE"
    # 99.00 for 99.5185, so that 96.5185 are shown 96.01, rounded down.
    assert "about 93.00 USD, where 96.01 USD was shown" in required.summary
    answered(journey, REJECT)
    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert free(journey)
    assert not cancelled_at_provider(journey, 2)


def test_a_second_rise_is_asked_about_again(journey: Journey) -> None:
    answered(dearer(opened(begun(journey))), ACCEPT)
    offered(journey, offer("first", 9_595))
    opened(journey, Opened(reference="payout-2", deposit_address="x", amount=SENT - MORE))
    dearest = replace(COST, total_base_units=DEARER.total_base_units + MORE)

    answered(dearer(journey, dearest), ACCEPT)

    assert "where 3.001500 USDC was shown" in journey.stream.known(UserChoiceRequired).summary
    assert cancelled_at_provider(journey, 2)
    offered(journey, offer("first", 9_290))
    checked(less_sent(journey, more=2 * MORE, reference="payout-3"), Paid(fiat_amount=None))
    assert (journey.row["state"], journey.row["received_amount"]) == ("COMPLETED", 9_290)
    assert journey.posted[AVAILABLE] == -COMMAND.amount


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda journey: answered(journey, REJECT), "TXN_TERMS_REJECTED"),
        (silent, "TXN_TERMS_UNANSWERED"),
        (Journey.cancelled, "TXN_CANCELLED"),
    ],
    ids=["no", "silence", "cancelled"],
)
def test_who_does_not_pay_it_keeps_their_money(journey: Journey, ends: object, reason: str) -> None:
    ends(dearer(opened(begun(journey))))  # type: ignore[operator]  # one of three functions

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", reason)
    assert free(journey)
    assert cancelled_at_provider(journey, 1)
    assert not cancelled_at_provider(journey, 2)


def test_who_cancels_while_the_less_is_asked_for_keeps_their_money(journey: Journey) -> None:
    answered(dearer(opened(begun(journey))), ACCEPT).cancelled()
    offered(journey, offer("first", 9_595))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert journey.stream.count(BlockchainTransferFailed) == 1
    assert free(journey)
    assert not cancelled_at_provider(journey, 2)


def test_who_cancels_while_the_less_is_opened_has_it_cancelled_there(journey: Journey) -> None:
    answered(dearer(opened(begun(journey))), ACCEPT)
    offered(journey, offer("first", 9_595)).cancelled()
    opened(journey, Opened(reference="payout-2", deposit_address="x", amount=SENT - MORE))

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert free(journey)
    assert cancelled_at_provider(journey, 2)


def test_who_is_asked_has_as_long_to_sign_as_at_the_beginning(journey: Journey) -> None:
    journey.facts = replace(journey.facts, now=START + timedelta(minutes=1))
    answered(dearer(opened(begun(journey))), ACCEPT)
    journey.facts = replace(journey.facts, now=START + timedelta(minutes=14))
    offered(journey, replace(offer("first", 9_595), expires_at=START + timedelta(hours=1)))
    opened(journey, Opened(reference="payout-2", deposit_address="x", amount=SENT - MORE))

    until = journey.stream.known(TransferRequested).approval_deadline
    assert until == journey.facts.now + timedelta(minutes=15)
