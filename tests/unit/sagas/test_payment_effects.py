"""What is made of a payment that nobody has paid yet: while its page is open, and after."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.deposit_events import FiatPaymentFailed
from domain.provider.effects import EffectKind
from domain.provider.extensions import NOTICE_MAX
from domain.provider.payment_outcomes import Opened, Waiting
from domain.provider.ports import answers
from domain.provider.ports.onramp import OnRampProvider, PaymentState, PaymentStatus
from domain.shared.decision import Decision, Facts
from domain.shared.ids import EffectId
from infrastructure.sagas.arrivals import Arrivals
from infrastructure.sagas.effects import EffectInHand
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.payments import (
    PAID_DAYS_MAX,
    PAYING_SECONDS,
    UNHEARD_DAYS_MAX,
    UNNAMED_DAYS_MAX,
    PaymentEffects,
)
from infrastructure.sagas.ramps import Standing
from tests.unit.domain.deposit.journey import DELIVERED, Payment
from tests.unit.domain.send.journey import FACTS, START

PAGE_TIME = timedelta(seconds=FACTS.figures.payment_page_seconds)
PAYING = timedelta(seconds=PAYING_SECONDS)
OPEN_FOR = timedelta(minutes=10)


@dataclass
class Provider:
    """`cancels`: it ends at our wish what nobody has paid."""

    state: PaymentState
    may_be_retried: bool = False
    cancels: bool = False
    name: str = "first"

    async def cancel_payment(self, reference: str, *, key: str) -> PaymentStatus | answers.Setback:
        assert key == "key-cancel"
        if self.cancels and self.state is PaymentState.AWAITING_USER:
            self.state = PaymentState.CANCELLED
            return await self.check_payment_status(reference)
        return answers.Declined(code="PRV_UNSUPPORTED", reason="cannot be cancelled")

    async def check_payment_status(self, reference: str) -> PaymentStatus:
        return PaymentStatus(
            reference=reference,
            state=self.state,
            provider_status="open",
            may_be_retried=self.may_be_retried,
        )


@dataclass
class Engine:
    """A clock and the figures are all that a look needs of it."""

    now: datetime

    def clock(self) -> datetime:
        return self.now

    def facts(self) -> Facts:
        return FACTS


async def checked(
    payment: Payment,
    now: datetime,
    *,
    state: PaymentState = PaymentState.AWAITING_USER,
    may_be_retried: bool = False,
    cancels: bool = False,
) -> list[str]:
    """The types of the events that a look at the payment brings."""
    decision = await decided(payment, now, Provider(state, may_be_retried, cancels))
    return [event.type_name() for event in decision.events]


async def decided(payment: Payment, now: datetime, provider: Provider) -> Decision:
    """What a look at the payment comes to."""
    effects = PaymentEffects(
        engine=cast("SagaEngine", Engine(now)),
        providers=cast("Mapping[str, OnRampProvider]", {"first": provider}),
        arrivals=cast("Arrivals", None),
        standing=cast("Standing", None),
    )
    effect = EffectInHand(
        id=EffectId(UUID(int=1)),
        stream_id=payment.stream.id,
        kind=EffectKind.ONRAMP_CHECK,
        key="key",
        attempt=1,
        epoch=1,
        request={"provider": "first", "reference": "payment-1"},
        maybe_executed=False,
        written_here=True,
    )
    handler = await effects.handlers()[EffectKind.ONRAMP_CHECK](effect, payment.stream)
    assert handler is not None
    return handler(payment.stream, replace(payment.facts, now=now))


def opened(*, closes_at: datetime | None) -> Payment:
    return (
        Payment()
        .initiate()
        .opened(
            Opened(
                reference="payment-1",
                redirect_url="https://provider.test/pay",
                expires_at=closes_at,
                due_at=START,
            )
        )
    )


@pytest.mark.parametrize(
    ("now", "events"),
    [
        (START + PAGE_TIME - NOTICE_MAX - timedelta(seconds=1), []),
        (START + PAGE_TIME - NOTICE_MAX, ["UserChoiceRequired"]),
        (START + PAGE_TIME + PAYING, ["UserActionExpired"]),
        (
            START + PAGE_TIME + PAYING + timedelta(seconds=1),
            ["UserActionExpired", "FiatPaymentFailed"],
        ),
    ],
)
async def test_where_a_page_is_only_taken_to_be_closed_nothing_takes_its_place(
    now: datetime, events: list[str]
) -> None:
    assert await checked(opened(closes_at=None), now) == events


@pytest.mark.parametrize(
    ("now", "events"),
    [
        (START + OPEN_FOR - timedelta(seconds=1), []),
        (START + OPEN_FOR, ["UserActionExpired"]),
        (START + OPEN_FOR + PAYING, ["UserActionExpired"]),
        (
            START + OPEN_FOR + PAYING + timedelta(seconds=1),
            ["UserActionExpired", "FiatPaymentDeclined", "UserChoiceRequired"],
        ),
    ],
)
async def test_where_a_page_has_closed_its_user_may_begin_anew(
    now: datetime, events: list[str]
) -> None:
    assert await checked(opened(closes_at=START + OPEN_FOR), now) == events


async def test_when_the_page_closes_it_is_looked_at() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    almost = START + OPEN_FOR - timedelta(seconds=2)

    decision = await decided(payment, almost, Provider(PaymentState.AWAITING_USER))

    assert [moved.due_at for moved in decision.effects_moved] == [START + OPEN_FOR]


@pytest.mark.parametrize("cancels", [False, True])
@pytest.mark.parametrize("may_be_retried", [False, True])
async def test_what_its_user_gave_up_and_nobody_began_to_pay_has_ended(
    *, cancels: bool, may_be_retried: bool
) -> None:
    payment = opened(closes_at=None).given_up()
    state = PaymentState.FAILED if may_be_retried else PaymentState.AWAITING_USER
    provider = Provider(state, may_be_retried, cancels)

    decision = await decided(payment, START + timedelta(minutes=1), provider)

    (failed,) = decision.events
    assert isinstance(failed, FiatPaymentFailed)
    assert (failed.code, failed.refunded) == ("TXN_CANCELLED", 0)


@pytest.mark.parametrize(
    ("state", "events"),
    [
        (PaymentState.PROCESSING, ["FiatPaymentBegun"]),
        (PaymentState.UNRECOGNISED, ["FiatPaymentBegun"]),
        (PaymentState.PAID, ["FiatPaymentConfirmed", "USDCConversionRequested"]),
    ],
)
async def test_what_was_given_up_too_late_goes_on(state: PaymentState, events: list[str]) -> None:
    payment = opened(closes_at=None).given_up()

    assert await checked(payment, START + timedelta(minutes=1), state=state, cancels=True) == events


async def test_more_time_is_waited_for() -> None:
    payment = opened(closes_at=None)
    payment.at(START + PAGE_TIME - NOTICE_MAX)
    assert await checked(payment, payment.facts.now) == ["UserChoiceRequired"]
    untouched = Waiting(due_at=payment.facts.now, paid=False, awaits_user=True)
    payment.checked(untouched).chosen("EXTEND")

    late = START + PAGE_TIME + PAYING + timedelta(seconds=1)
    assert await checked(payment, late) == []
    assert await checked(payment, late + PAGE_TIME) == ["UserActionExpired", "FiatPaymentFailed"]


async def test_what_was_paid_is_not_ended_by_our_own_clock() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    payment.checked(Waiting(due_at=START, paid=True))

    late = START + OPEN_FOR + PAYING + timedelta(seconds=1)
    assert await checked(payment, late) == []


async def test_what_somebody_has_begun_to_pay_is_not_ended_by_our_own_clock() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    early, late = START + OPEN_FOR, START + OPEN_FOR + PAYING + timedelta(seconds=1)
    assert await checked(payment, START, state=PaymentState.PROCESSING) == ["FiatPaymentBegun"]
    payment.at(early).checked(Waiting(due_at=START, paid=False, is_begun=True))
    assert payment.types[-2:] == ["UserActionExpired", "FiatPaymentBegun"]

    # Once told of it, whatever is said of it then, or is not
    assert await checked(payment, early, state=PaymentState.PROCESSING) == []
    assert await checked(payment, late) == []
    told = await checked(payment, START + timedelta(days=UNHEARD_DAYS_MAX, seconds=1))
    assert told == ["OperatorRequired"]
    assert await checked(payment, late, state=PaymentState.FAILED) == [
        "FiatPaymentDeclined",
        "UserChoiceRequired",
    ]


@pytest.mark.parametrize("closes_at", [START + OPEN_FOR, None])
async def test_who_may_try_again_has_not_failed_while_they_may(closes_at: datetime | None) -> None:
    payment = opened(closes_at=closes_at)
    last = (closes_at or START + PAGE_TIME) + PAYING

    for now, is_waited_for in ((last, True), (last + timedelta(seconds=1), False)):
        told = await checked(payment, now, state=PaymentState.FAILED, may_be_retried=True)
        is_dead = closes_at is not None and not is_waited_for
        assert ("FiatPaymentDeclined" in told) == is_dead
        assert (told == ["UserActionExpired"]) == is_waited_for


async def test_what_came_to_nothing_at_an_open_page_was_begun_by_nobody() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    payment.checked(Waiting(due_at=START, paid=False, is_begun=True))

    told = await checked(payment, START, state=PaymentState.FAILED, may_be_retried=True)

    assert told == ["FiatPaymentTryFailed"]


async def test_what_was_paid_and_failed_is_for_a_person() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    payment.checked(Waiting(due_at=START, paid=True))

    for may_be_retried in (True, False):
        told = await checked(
            payment,
            START + OPEN_FOR,
            state=PaymentState.FAILED,
            may_be_retried=may_be_retried,
        )
        assert told == ["OperatorRequired"]
    told = await checked(payment, START + OPEN_FOR, state=PaymentState.REFUNDED)
    assert told == ["FiatPaymentFailed", "FiatPaymentRefunded"]


@pytest.mark.parametrize(
    ("state", "is_paid", "days"),
    [
        (PaymentState.DELIVERED, True, UNNAMED_DAYS_MAX),
        (PaymentState.PAID, True, PAID_DAYS_MAX),
        (PaymentState.UNRECOGNISED, True, PAID_DAYS_MAX),
        (PaymentState.UNRECOGNISED, False, UNHEARD_DAYS_MAX),
    ],
)
async def test_what_has_begun_is_waited_for_without_a_person_only_so_long(
    state: PaymentState, days: int, *, is_paid: bool
) -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    begun = Waiting(due_at=START, paid=is_paid, is_begun=True)
    payment.checked(begun).at(START + OPEN_FOR).checked(begun)
    limit = START + timedelta(days=days)

    assert await checked(payment, limit, state=state) == []
    assert await checked(payment, limit + timedelta(seconds=1), state=state) == ["OperatorRequired"]


async def test_a_person_is_told_once_and_what_is_delivered_in_the_end_is_booked() -> None:
    payment = opened(closes_at=START + OPEN_FOR)
    late = Waiting(due_at=START, paid=True, overdue="paid, and not delivered")
    payment.checked(late).checked(late)

    assert payment.types.count("OperatorRequired") == 1
    assert payment.row["waiting_on"] == "OPERATOR"
    assert payment.types.count("FiatPaymentConfirmed") == 1
    payment.checked(DELIVERED)
    assert payment.states[-1] == "COMPLETED"
