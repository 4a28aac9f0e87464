"""A payment whose user decides: more time, another way to pay, or the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.choice_events import UserChoiceRequired
from domain.contracts.commands import SubmitSignatureCommand
from domain.contracts.deposit_events import (
    DepositTransactionFailed,
    OnRampProviderSelected,
    PaymentMethodUpdateRequested,
    PaymentTimeExtended,
)
from domain.contracts.events import UserActionRequired
from domain.provider.effects import Declined, NotAttempted
from domain.provider.errors import ActionRefused, NoSuchOption
from domain.provider.extensions import EXTENSIONS_MAX, NOTICE_MAX
from domain.provider.handlers import submit_signature
from domain.provider.payment_choices import REPEATS_MAX, declined_by, open_until
from domain.provider.payment_outcomes import Ended, Opened, OpenOutcome, Waiting
from domain.shared.unit import ActionStatus, Rejected
from tests.unit.domain.deposit.journey import DELIVERED, Payment, offer
from tests.unit.domain.deposit.test_deposit import APART
from tests.unit.domain.send.journey import ALICE_WALLET, FACTS, GROUPS, START

AVAILABLE = f"available:{ALICE_WALLET}"
LATER = START + timedelta(seconds=5)
DECLINED = Ended(code="PAY_FAILED", reason="card declined", refunded=False, due_at=LATER)
EXPIRED = Ended(code="PAY_EXPIRED", reason="closed", refunded=False, due_at=LATER)
PAGE_TIME = timedelta(seconds=FACTS.figures.payment_page_seconds)
UNTOUCHED = Waiting(due_at=LATER, paid=False, awaits_user=True)
PAYPAL = PaymentMethodUpdateRequested(
    payment_method="PAYPAL", offers=(offer("second", amount=96_000_000),), rejected=()
)
ANEW = PaymentMethodUpdateRequested(
    payment_method="CARD", offers=(offer("first", minutes=60),), rejected=()
)


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def payment(request: pytest.FixtureRequest) -> Payment:
    return Payment(groups=request.param).initiate().opened()


@pytest.fixture(params=[(GROUPS,), APART], ids=["one process", "a process a context"])
def unopened(request: pytest.FixtureRequest) -> Payment:
    """Nobody has opened it yet."""
    return Payment(groups=request.param).initiate()


def asked(payment: Payment) -> UserChoiceRequired:
    return payment.stream.known(UserChoiceRequired)


def names(payment: Payment) -> list[str]:
    return [each.name for each in asked(payment).options]


def test_who_is_declined_chooses_how_to_pay_and_goes_on_as_another_attempt(
    payment: Payment,
) -> None:
    payment.checked(DECLINED)

    assert asked(payment).action == "UPDATE_PAYMENT_METHOD"
    assert names(payment) == ["CARD", "APPLE_PAY", "GOOGLE_PAY", "BANK", "PAYPAL", "STOP"]
    assert payment.states[-1] == "PROVIDER_FAILOVER"
    assert payment.incoming[AVAILABLE] == 98_000_000

    payment.chosen("PAYPAL", PAYPAL)

    assert payment.types[-4:] == [
        "PaymentMethodUpdateRequested",
        "PaymentMethodUpdated",
        "OnRampProviderSelected",
        "FiatPaymentRequested",
    ]
    assert payment.stream.events[-1].attempt == 2
    (moved,) = [each for unit in payment.units for each in unit.limits_reserved][1:]
    assert moved.method == "PAYPAL"

    payment.opened().checked(DELIVERED)

    assert payment.stream.events[-1].type == "DepositTransactionCompleted"
    assert payment.incoming[AVAILABLE] == 0
    assert payment.posted["provider:second:USDC"] == 0
    assert [step[:3] for step in payment.steps if step[0] == "pay"] == [
        ("pay", 1, "FAILED"),
        ("pay", 2, "COMPLETED"),
    ]


@pytest.mark.parametrize("ended", [DECLINED, EXPIRED])
def test_who_stops_has_paid_nothing_and_expects_nothing(payment: Payment, ended: Ended) -> None:
    payment.checked(ended).chosen("STOP")

    assert payment.types[-3:] == [
        "FiatPaymentFailed",
        "BalanceReservationReleased",
        "DepositTransactionFailed",
    ]
    assert payment.stream.known(DepositTransactionFailed).reason == ended.code
    assert payment.incoming[AVAILABLE] == 0


@pytest.mark.parametrize("ended", [DECLINED, EXPIRED])
def test_who_does_not_answer_is_not_waited_for(payment: Payment, ended: Ended) -> None:
    payment.checked(ended).unanswered()

    assert payment.types[-1] == "DepositTransactionFailed"
    assert payment.incoming[AVAILABLE] == 0
    statuses = [each.status for unit in payment.units for each in unit.actions_moved]
    assert statuses[-1] is ActionStatus.EXPIRED


REFUSED = Declined(code="PRV_DECLINED", reason="no")
BUSY = NotAttempted(reason="busy", due_at=LATER)


@pytest.mark.parametrize(
    ("second", "is_same_method_open"), [(REFUSED, False), (BUSY, True)], ids=["refused", "busy"]
)
def test_who_finds_nobody_to_open_the_payment_chooses_how_else_to_pay(
    unopened: Payment, second: OpenOutcome, *, is_same_method_open: bool
) -> None:
    unopened.opened(REFUSED).opened(second)

    assert asked(unopened).action == "UPDATE_PAYMENT_METHOD"
    assert ("CARD" in names(unopened)) is is_same_method_open
    assert names(unopened)[-2:] == ["PAYPAL", "STOP"]
    assert (unopened.states[-1], unopened.row["waiting_on"]) == ("PROVIDER_FAILOVER", "USER")
    assert unopened.incoming[AVAILABLE] == 98_000_000
    # Who is out of reach may be asked for the same again, who said no is not.
    assert declined_by(unopened.stream) == {"first", *(() if is_same_method_open else ("second",))}

    unopened.chosen("PAYPAL", PAYPAL).opened().checked(DELIVERED)

    assert unopened.types[-1] == "DepositTransactionCompleted"
    assert unopened.stream.events[-1].attempt == 3
    assert unopened.incoming[AVAILABLE] == 0


def test_who_stops_then_is_told_why_nobody_would(unopened: Payment) -> None:
    unopened.opened(REFUSED).opened(REFUSED).chosen("STOP")

    assert unopened.stream.known(DepositTransactionFailed).reason == "PRV_DECLINED"
    assert unopened.incoming[AVAILABLE] == 0
    assert unopened.states[-2:] == ["COMPENSATING", "FAILED"]


def test_nobody_is_asked_for_another_method_for_ever(unopened: Payment) -> None:
    unopened.opened(REFUSED).opened(REFUSED)
    others = [("PAYPAL", PAYPAL), ("CARD", ANEW), ("PAYPAL", PAYPAL)]
    for option, offered in others[:REPEATS_MAX]:
        assert "FiatPaymentFailed" not in unopened.types
        unopened.chosen(option, offered).opened(REFUSED)

    assert unopened.types[-1] == "DepositTransactionFailed"


def test_time_that_is_over_may_be_had_anew(payment: Payment) -> None:
    payment.checked(EXPIRED)
    assert (asked(payment).action, names(payment)) == ("EXTEND_TIMEOUT", ["EXTEND", "STOP"])

    payment.chosen("EXTEND", ANEW).opened().checked(DELIVERED)

    assert payment.types[-1] == "DepositTransactionCompleted"
    assert payment.stream.count(OnRampProviderSelected) == 2


def test_a_payment_is_begun_anew_so_often_and_no_more(payment: Payment) -> None:
    for _ in range(REPEATS_MAX):
        payment.checked(DECLINED).chosen("CARD", ANEW).opened()

    payment.checked(DECLINED)

    assert payment.types[-1] == "DepositTransactionFailed"
    assert payment.stream.count(UserChoiceRequired) == REPEATS_MAX


@pytest.mark.parametrize(
    "ended",
    [
        replace(EXPIRED, is_dead=False),
        replace(DECLINED, code="PAY_CANCELLED"),
        replace(DECLINED, refunded=True),
    ],
)
def test_what_is_not_dead_or_was_given_up_is_not_begun_anew(payment: Payment, ended: Ended) -> None:
    payment.checked(ended)

    assert "UserChoiceRequired" not in payment.types
    assert payment.types[-1] == "DepositTransactionFailed"


def test_a_payment_that_was_made_is_not_begun_anew(payment: Payment) -> None:
    payment.checked(Waiting(due_at=LATER, paid=True)).checked(DECLINED)

    assert "UserChoiceRequired" not in payment.types
    assert "FiatPaymentFailed" not in payment.types


def test_limits_hold_for_the_new_method_too(payment: Payment) -> None:
    payment.checked(DECLINED)
    payment.rejections.append(Rejected(reason="CMP_METHOD_LIMIT", account="limits"))

    payment.chosen("PAYPAL", PAYPAL)

    assert "PaymentMethodUpdateRefused" in payment.types
    assert payment.stream.count(OnRampProviderSelected) == 1
    assert asked(payment).action == "UPDATE_PAYMENT_METHOD"
    payment.chosen("CARD", ANEW).opened().checked(DELIVERED)
    assert payment.types[-1] == "DepositTransactionCompleted"


def test_an_answer_is_one_of_those_that_were_given_and_given_once(payment: Payment) -> None:
    payment.checked(DECLINED)
    with pytest.raises(NoSuchOption) as refused:
        payment.chosen("CASH")
    assert refused.value.field == "input.option"

    payment.chosen("STOP")
    before = payment.stream.sequence
    payment.chosen("STOP")
    assert payment.stream.sequence == before
    with pytest.raises(ActionRefused):
        payment.chosen("CARD", ANEW)


def test_nothing_signed_answers_a_payment_page(payment: Payment) -> None:
    command = SubmitSignatureCommand(
        action_id=payment.stream.known(UserActionRequired).action_id,
        signed_transaction="AQID",
        signature="signature",
    )
    with pytest.raises(ActionRefused) as refused:
        submit_signature(payment.stream, command, payment.facts)
    assert refused.value.code == "TXN_ACTION_REFUSED"


def test_more_time_is_offered_before_it_is_over_once_for_each_end(payment: Payment) -> None:
    closes = START + PAGE_TIME
    payment.at(closes - NOTICE_MAX - timedelta(seconds=1)).checked(UNTOUCHED)
    assert "UserChoiceRequired" not in payment.types

    payment.at(closes - NOTICE_MAX).checked(UNTOUCHED).checked(UNTOUCHED)

    assert payment.stream.count(UserChoiceRequired) == 1
    assert (asked(payment).action, names(payment)) == ("EXTEND_TIMEOUT", ["EXTEND", "LEAVE"])
    assert asked(payment).expires_at == closes
    assert payment.states[-1] == "PROVIDER_PROCESSING.FIAT_PAYMENT_PENDING"

    payment.chosen("EXTEND")

    assert open_until(payment.stream, payment.facts) == closes + PAGE_TIME
    payment.at(closes + timedelta(hours=2)).checked(UNTOUCHED)
    assert payment.stream.count(UserChoiceRequired) == 1
    payment.checked(DELIVERED)
    assert payment.types[-1] == "DepositTransactionCompleted"


def test_more_time_is_given_so_often_and_no_more(payment: Payment) -> None:
    for number in range(1, EXTENSIONS_MAX + 1):
        payment.at(START + number * PAGE_TIME - NOTICE_MAX).checked(UNTOUCHED).chosen("EXTEND")

    payment.at(START + (EXTENSIONS_MAX + 1) * PAGE_TIME - NOTICE_MAX).checked(UNTOUCHED)

    assert payment.stream.count(PaymentTimeExtended) == EXTENSIONS_MAX
    assert payment.stream.count(UserChoiceRequired) == EXTENSIONS_MAX


def test_who_leaves_it_as_it_is_has_what_they_had(payment: Payment) -> None:
    payment.at(START + PAGE_TIME - NOTICE_MAX).checked(UNTOUCHED).chosen("LEAVE")

    assert open_until(payment.stream, payment.facts) == START + PAGE_TIME
    assert payment.incoming[AVAILABLE] == 98_000_000


def test_who_has_paid_is_asked_no_longer(payment: Payment) -> None:
    payment.at(START + PAGE_TIME - NOTICE_MAX).checked(UNTOUCHED)

    payment.checked(Waiting(due_at=LATER, paid=True))

    assert "UserChoiceWithdrawn" in payment.types
    with pytest.raises(ActionRefused):
        payment.chosen("EXTEND")


def test_a_page_that_closes_by_itself_is_kept_open_by_nobody() -> None:
    closes = START + timedelta(minutes=10)
    payment = Payment().initiate()
    payment.opened(
        Opened(
            reference="payment-1",
            redirect_url="https://provider.test/pay",
            expires_at=closes,
            due_at=LATER,
        )
    )

    payment.at(closes - timedelta(minutes=1)).checked(UNTOUCHED)

    assert "UserChoiceRequired" not in payment.types
