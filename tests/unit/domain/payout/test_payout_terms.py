"""A payout that another provider takes over for much less: its user is asked, never paid silently."""

from dataclasses import replace

from domain.contracts.choice_events import UserChoiceRequired
from domain.provider.choices import make_choice
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import Declined
from domain.provider.payouts import Paid
from domain.transaction.payouts import withdraw_to_bank
from tests.unit.domain.payout.test_payouts import (
    AVAILABLE,
    COMMAND,
    checked,
    journey,
    offer,
    opened,
    sent,
)
from tests.unit.domain.send.journey import Journey

__all__ = ["journey"]

FAR = replace(
    COMMAND, bank=replace(COMMAND.bank, offers=(offer("first", 9_900), offer("far", 9_000)))
)
DECLINED = Declined(code="PRV_DECLINED", reason="not this account")


def taken_over(journey: Journey) -> UserChoiceRequired:
    """The first cannot, the next would pay much less."""
    journey.decide(lambda _stream, facts: withdraw_to_bank(FAR, facts=facts))
    return opened(journey, DECLINED).stream.known(UserChoiceRequired)


def answered(journey: Journey, option: str) -> Journey:
    action = taken_over(journey).action_id
    journey.decide(lambda stream, facts: make_choice(stream, action, option, facts))
    return journey


def test_who_takes_over_for_much_less_is_not_taken_silently(journey: Journey) -> None:
    required = taken_over(journey)

    assert required.action == "CONFIRM_SLIPPAGE"
    assert "far would pay about 90.00 USD, where 99.00 USD was shown" in required.summary
    assert journey.row["waiting_on"] == "USER"
    assert not any(event.type == "PayoutOpened" for event in journey.stream.events)


def test_who_says_yes_is_paid_the_less(journey: Journey) -> None:
    checked(sent(opened(answered(journey, ACCEPT))), Paid(fiat_amount=9_000))

    assert (journey.row["state"], journey.row["provider"]) == ("COMPLETED", "far")


def test_who_says_no_keeps_their_money(journey: Journey) -> None:
    answered(journey, REJECT)

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (journey.posted[AVAILABLE], journey.held[AVAILABLE]) == (0, 0)


def test_it_can_be_cancelled_while_its_user_is_asked(journey: Journey) -> None:
    taken_over(journey)
    journey.cancelled()

    assert (journey.row["state"], journey.row["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert journey.held[AVAILABLE] == 0
