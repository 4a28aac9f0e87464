"""A payment that its user gives up: it ends where nobody has begun to pay, as its provider says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.deposit_events import FiatPaymentFailed, OnRampProviderSelected
from domain.provider.effects import Declined
from domain.provider.errors import ActionRefused
from domain.provider.extensions import NOTICE_MAX
from domain.provider.payment_outcomes import CheckOutcome, Ended, Waiting
from domain.provider.ramps import Mismatch
from domain.shared.decision import Decision
from domain.shared.unit import ActionStatus, EffectState, Rejected
from domain.transaction.errors import NotCancellable
from tests.unit.domain.deposit.journey import DELIVERED, Payment
from tests.unit.domain.deposit.test_deposit import APART
from tests.unit.domain.deposit.test_payment_choices import (
    AVAILABLE,
    DECLINED,
    LATER,
    PAGE_TIME,
    PAYPAL,
    UNTOUCHED,
)
from tests.unit.domain.send.journey import GROUPS, START

GIVEN_UP = Ended(code="TXN_CANCELLED", reason="never paid", refunded=False, due_at=LATER)
BEGUN = Waiting(due_at=LATER, paid=False, is_begun=True)
PAID = Waiting(due_at=LATER, paid=True)


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def asked(request: pytest.FixtureRequest) -> Payment:
    """A provider is asked for the payment."""
    return Payment(groups=request.param).initiate()


@pytest.fixture
def payment(asked: Payment) -> Payment:
    return asked.opened()


def statuses(payment: Payment) -> list[ActionStatus]:
    return [each.status for unit in payment.units for each in unit.actions_moved]


def is_over(payment: Payment) -> bool:
    return (
        (payment.states[-1], payment.row["reason"]) == ("FAILED", "TXN_CANCELLED")
        and payment.row["cancellable"] is False
        and payment.incoming[AVAILABLE] == 0
        and payment.stream.count(FiatPaymentFailed) == 1
        and any(unit.limits_settled for unit in payment.units)
    )


def test_what_is_given_up_is_shown_no_more_and_its_provider_asked_at_once(
    payment: Payment,
) -> None:
    assert payment.row["cancellable"] is True
    payment.at(LATER).given_up()

    assert statuses(payment) == [ActionStatus.CANCELLED]
    assert payment.row["waiting_on"] == "PROVIDER"
    assert payment.incoming[AVAILABLE] == 98_000_000
    moved = [each for unit in payment.units for each in unit.effects_moved][-1]
    assert (moved.state, moved.due_at, moved.epoch) == (EffectState.PENDING, LATER, None)

    payment.checked(GIVEN_UP)

    assert is_over(payment)
    assert statuses(payment) == [ActionStatus.CANCELLED]
    before = payment.stream.sequence
    assert payment.given_up().stream.sequence == before


def test_who_was_asked_just_before_is_asked_once_more(payment: Payment) -> None:
    payment.at(LATER).given_up().checked(replace(UNTOUCHED, due_at=START + PAGE_TIME))

    assert payment.units[-1].effects_moved[0].due_at == LATER
    assert payment.incoming[AVAILABLE] == 98_000_000


@pytest.mark.parametrize("seen", [BEGUN, PAID])
def test_what_somebody_has_begun_to_pay_cannot_be_stopped(payment: Payment, seen: Waiting) -> None:
    payment.checked(seen)

    assert payment.row["cancellable"] is False
    with pytest.raises(NotCancellable) as refused:
        payment.given_up()
    assert refused.value.details["provider"] == "first"


@pytest.mark.parametrize("seen", [BEGUN, PAID])
def test_what_was_given_up_too_late_arrives_and_is_credited(
    payment: Payment, seen: Waiting
) -> None:
    payment.given_up().checked(seen)

    with pytest.raises(NotCancellable):
        payment.given_up()
    payment.checked(DELIVERED)
    assert payment.states[-1] == "COMPLETED"
    assert payment.posted[AVAILABLE] == 98_000_000 - 470_400
    assert statuses(payment) == [ActionStatus.CANCELLED]


@pytest.mark.parametrize(
    ("seen", "state"),
    [(PAID, "PROVIDER_PROCESSING"), (DELIVERED, "COMPLETED"), (GIVEN_UP, "FAILED")],
)
def test_what_is_known_before_anybody_hears_that_it_was_given_up_stands(
    seen: CheckOutcome, state: str
) -> None:
    payment = Payment().initiate().opened()
    payment.groups = ((),)
    payment.given_up()
    payment.groups = (GROUPS,)

    payment.checked(seen)

    assert payment.states[-1].startswith(state)
    assert len(payment.units[-1].effects_moved) == 1
    expired = ActionStatus.EXPIRED if seen is GIVEN_UP else ActionStatus.COMPLETED
    assert statuses(payment) == [expired]


def test_what_was_begun_and_came_to_nothing_can_be_stopped_again(payment: Payment) -> None:
    payment.checked(BEGUN).checked(DECLINED)
    assert payment.row["cancellable"] is True

    payment.given_up()

    assert is_over(payment)
    assert "UserChoiceWithdrawn" in payment.types
    with pytest.raises(ActionRefused):
        payment.chosen("PAYPAL", PAYPAL)


TRY_FAILED = replace(UNTOUCHED, try_failed=True)


def test_who_was_declined_at_an_open_page_may_try_again_or_stop(payment: Payment) -> None:
    payment.checked(TRY_FAILED)
    assert "FiatPaymentTryFailed" not in payment.types

    payment.checked(BEGUN).checked(UNTOUCHED).checked(TRY_FAILED).checked(TRY_FAILED)

    assert payment.types[-2:] == ["FiatPaymentBegun", "FiatPaymentTryFailed"]
    assert (payment.row["waiting_on"], payment.row["cancellable"]) == ("USER", True)
    payment.checked(BEGUN)
    assert (payment.row["waiting_on"], payment.row["cancellable"]) == ("PROVIDER", False)
    payment.checked(TRY_FAILED).given_up().checked(GIVEN_UP)
    assert is_over(payment)


@pytest.mark.parametrize("is_closed", [False, True])
def test_nobody_tries_again_where_the_page_is_shown_no_more(
    payment: Payment, *, is_closed: bool
) -> None:
    payment.at(START + PAGE_TIME) if is_closed else payment.given_up()
    payment.checked(BEGUN).checked(TRY_FAILED)

    assert payment.row["waiting_on"] == "PROVIDER"


def test_what_is_given_up_while_it_is_opened_is_shown_to_nobody(asked: Payment) -> None:
    asked.given_up()
    assert asked.incoming[AVAILABLE] == 98_000_000

    asked.opened()

    assert is_over(asked)
    assert "UserActionRequired" not in asked.types


def test_what_is_given_up_while_it_is_opened_is_asked_of_nobody_else(asked: Payment) -> None:
    asked.given_up().opened(Declined(code="PRV_DECLINED", reason="no"))

    assert is_over(asked)
    assert asked.stream.count(OnRampProviderSelected) == 1


@pytest.mark.parametrize("is_refused", [False, True])
def test_what_is_given_up_while_another_method_is_assessed_is_asked_of_nobody(
    *, is_refused: bool
) -> None:
    payment = Payment().initiate().opened().checked(DECLINED)
    payment.groups = ((),)
    payment.chosen("PAYPAL", PAYPAL)
    payment.given_up()
    payment.groups = APART
    if is_refused:
        payment.rejections.append(Rejected(reason="CMP_METHOD_LIMIT", account="limits"))

    payment.decide(lambda _stream, _facts: Decision())

    assert ("PaymentMethodUpdateRefused" in payment.types) is is_refused
    assert is_over(payment)
    assert payment.stream.count(OnRampProviderSelected) == 1


def test_what_does_not_fit_is_ended_by_a_person_alone(asked: Payment) -> None:
    asked.opened(Mismatch(reason="for another amount", due_at=LATER))

    assert asked.row["cancellable"] is False
    with pytest.raises(NotCancellable):
        asked.given_up()


def test_who_gave_it_up_is_asked_for_no_more_time(payment: Payment) -> None:
    payment.at(START + PAGE_TIME - NOTICE_MAX).checked(UNTOUCHED).given_up().checked(UNTOUCHED)

    assert payment.types.count("UserChoiceRequired") == 1
    assert "UserChoiceWithdrawn" in payment.types


def test_a_page_that_has_closed_is_shown_no_more_and_may_have_been_paid(payment: Payment) -> None:
    payment.at(START + PAGE_TIME - timedelta(seconds=1)).checked(UNTOUCHED)
    assert "UserActionExpired" not in payment.types

    payment.at(START + PAGE_TIME).checked(UNTOUCHED).checked(UNTOUCHED)

    assert statuses(payment)[-1:] == [ActionStatus.EXPIRED]
    assert payment.types.count("UserActionExpired") == 1
    assert (payment.row["waiting_on"], payment.row["cancellable"]) == ("PROVIDER", True)
    assert payment.incoming[AVAILABLE] == 98_000_000

    payment.checked(DELIVERED)

    assert payment.states[-1] == "COMPLETED"
    assert "UserActionCompleted" not in payment.types


def test_nor_is_one_that_its_provider_says_nothing_of(payment: Payment) -> None:
    payment.at(START + PAGE_TIME).checked(Waiting(due_at=LATER, paid=False))

    assert payment.types[-1] == "UserActionExpired"
    payment.given_up().checked(GIVEN_UP)
    assert is_over(payment)
