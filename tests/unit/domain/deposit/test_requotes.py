"""A payment whose offers expired before anybody was asked: others are, then its user, never silently."""

from datetime import timedelta

import pytest

from domain.contracts.choice_events import UserChoiceRequired, UserChoiceWithdrawn
from domain.contracts.deposit_events import (
    FiatPaymentFailed,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentOffer,
    RejectedOffer,
)
from domain.contracts.terms_events import PaymentRequoteRequested, PaymentTermsWorsened
from domain.provider.confirmations import ACCEPT, REJECT
from domain.provider.effects import Claimed, Declined, EffectKind, effect_id
from domain.provider.errors import ActionRefused
from domain.provider.requotes import PATIENCE, Requoted, on_requoted
from domain.shared.unit import ActionStatus, EffectState, Group
from tests.unit.domain.deposit.journey import DELIVERED, Payment, offer
from tests.unit.domain.send.journey import ALICE_WALLET, GROUPS, START

AVAILABLE = f"available:{ALICE_WALLET}"


@pytest.fixture(params=[(GROUPS,), tuple((group,) for group in GROUPS)], ids=["one", "four"])
def payment(request: pytest.FixtureRequest) -> Payment:
    """It begins an hour after its offers were made: a person has approved it first."""
    late = Payment(groups=request.param).at(START + timedelta(hours=1))
    return late.initiate()


def requoted(payment: Payment, *offers: PaymentOffer) -> Payment:
    number = payment.stream.count(PaymentRequoteRequested)
    identifier = effect_id(payment.stream.id, EffectKind.ONRAMP_QUOTE, number)
    effect = Claimed(id=identifier, epoch=1, attempt=number)
    rejected = (RejectedOffer(provider="third", reason="disabled"),)
    told = Requoted(offers=offers, rejected=rejected)
    payment.decide(lambda stream, facts: on_requoted(stream, effect, told, facts))
    return payment


def late(provider: str, amount: int) -> PaymentOffer:
    return offer(provider, amount=amount, minutes=120)


def test_providers_are_asked_anew_and_nobody_else_where_it_is_hardly_less(
    payment: Payment,
) -> None:
    assert payment.stream.count(PaymentRequoteRequested) == 1
    assert not payment.stream.has(FiatPaymentRequested)

    requoted(payment, late("second", 96_100_000))

    assert payment.stream.known(OnRampProviderSelected).provider == "second"
    assert not payment.stream.has(UserChoiceRequired)
    payment.opened().checked(DELIVERED)
    assert payment.states[-1] == "COMPLETED"


def test_where_it_is_less_the_user_is_asked_and_held_to_what_they_said(payment: Payment) -> None:
    requoted(payment, late("first", 90_000_000))

    required = payment.stream.known(UserChoiceRequired)
    assert required.action == "CONFIRM_SLIPPAGE"
    assert "about 90.000000 USDC, where 98.000000 USDC was shown" in required.summary
    assert payment.row["waiting_on"] == "USER"
    assert not payment.stream.has(FiatPaymentRequested)

    requoted(payment.chosen(ACCEPT), late("first", 88_300_000))

    assert payment.stream.has(FiatPaymentRequested)
    assert payment.stream.count(UserChoiceRequired) == 1


def test_it_is_asked_again_where_even_that_is_gone(payment: Payment) -> None:
    requoted(payment, late("first", 90_000_000)).chosen(ACCEPT)
    requoted(payment, late("first", 80_000_000))

    assert payment.stream.count(PaymentTermsWorsened) == 2
    assert not payment.stream.has(FiatPaymentRequested)


def test_who_says_no_pays_nothing(payment: Payment) -> None:
    requoted(payment, late("first", 90_000_000)).chosen(REJECT)

    assert (payment.states[-1], payment.row["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert payment.incoming[AVAILABLE] == 0


def test_who_does_not_answer_pays_nothing(payment: Payment) -> None:
    requoted(payment, late("first", 90_000_000)).unanswered()

    assert (payment.states[-1], payment.row["reason"]) == ("FAILED", "TXN_TERMS_UNANSWERED")


def is_over(payment: Payment) -> bool:
    return (
        (payment.states[-1], payment.row["reason"]) == ("FAILED", "TXN_CANCELLED")
        and payment.incoming[AVAILABLE] == 0
        and payment.stream.count(FiatPaymentFailed) == 1
        and not payment.stream.has(FiatPaymentRequested)
    )


def test_what_is_given_up_while_providers_are_asked_anew_is_asked_of_nobody(
    payment: Payment,
) -> None:
    assert is_over(payment.given_up())

    requoted(payment, late("first", 98_000_000))

    assert is_over(payment)
    assert payment.units[-1].effects_moved[0].state is EffectState.DONE


@pytest.mark.parametrize("is_asked", ["CONFIRM_SLIPPAGE", "UPDATE_PAYMENT_METHOD"])
def test_what_is_given_up_while_its_user_is_asked_asks_no_more(
    payment: Payment, is_asked: str
) -> None:
    if is_asked == "CONFIRM_SLIPPAGE":
        requoted(payment, late("first", 90_000_000))
    else:
        requoted(payment.at(payment.facts.now + PATIENCE))
    assert payment.stream.known(UserChoiceRequired).action == is_asked

    assert is_over(payment.given_up())

    assert payment.stream.known(UserChoiceWithdrawn).action == is_asked
    moved = [each.status for unit in payment.units for each in unit.actions_moved]
    assert moved == [ActionStatus.CANCELLED]
    with pytest.raises(ActionRefused):
        payment.chosen(ACCEPT if is_asked == "CONFIRM_SLIPPAGE" else "STOP")


def test_what_is_given_up_before_anybody_hears_that_it_is_expected_is_asked_of_nobody() -> None:
    payment = Payment(groups=((Group.COMPLIANCE, Group.WALLET, Group.TRANSACTION),)).initiate()
    payment.groups = (GROUPS,)

    assert is_over(payment.given_up())


def test_where_nobody_offers_anything_it_is_tried_for_a_while(payment: Payment) -> None:
    requoted(payment)
    assert payment.states[-1] == "BALANCE_RESERVED"

    requoted(payment.at(payment.facts.now + PATIENCE))

    assert payment.stream.known(UserChoiceRequired).action == "UPDATE_PAYMENT_METHOD"
    payment.chosen("STOP")
    assert (payment.states[-1], payment.row["reason"]) == ("FAILED", "PRV_NONE_AVAILABLE")
    assert payment.incoming[AVAILABLE] == 0


def test_who_takes_over_for_much_less_is_not_taken_silently() -> None:
    far = Payment().initiate(offers=(offer("first"), offer("second", amount=90_000_000)))
    far.opened(Declined(code="PRV_DECLINED", reason="no"))

    required = far.stream.known(UserChoiceRequired)
    assert "second would bring about 90.000000 USDC" in required.summary
    assert far.states[-1] == "PROVIDER_FAILOVER"

    requoted(far.chosen(ACCEPT), offer("first"), offer("second", amount=90_000_000))

    assert far.stream.known(OnRampProviderSelected).provider == "second"
    far.opened().checked(DELIVERED)
    assert far.states[-1] == "COMPLETED"
