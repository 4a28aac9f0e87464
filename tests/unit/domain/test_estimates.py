"""When a transaction should be done: by history, by the usual time, and never before its provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.contracts.deposit_events import PaymentOffer
from domain.provider.effects import Declined
from domain.shared.decision import Facts
from infrastructure.services.policy import FIGURES_FILE, load_figures
from tests.unit.domain.deposit.journey import BEGINNER, DELIVERED, Payment, offer
from tests.unit.domain.payout.test_payouts import begun
from tests.unit.domain.send.journey import FACTS, START, Journey

FIGURES = load_figures(FIGURES_FILE)
HOUR, DAY = 3_600, 86_400


def told(provider: str, seconds: int | None) -> PaymentOffer:
    return replace(offer(provider), estimated_seconds=seconds)


def expected(row: dict[str, object]) -> timedelta:
    moment = row["estimated_completion"]
    assert isinstance(moment, type(START))
    return moment - START


@pytest.mark.parametrize(
    ("kind", "method", "usd", "seconds"),
    [
        ("DEPOSIT", "CARD", 1_000, 60),
        ("DEPOSIT", "CARD", 1_001, 300),
        ("DEPOSIT", "PAYPAL", 100, 600),
        ("DEPOSIT", "BANK", 100, 3 * DAY),
        ("DEPOSIT", "APPLE_PAY", 50_000, 1_800),
        ("DEPOSIT", "APPLE_PAY", 50_001, 3 * HOUR),
        ("SEND", None, 0, 600),
        ("WITHDRAW", None, 0, 1_800),
        ("WITHDRAW", "BANK", 0, 2 * DAY),
        ("BUY", "CARD", 100, 900),
        ("SELL", None, 0, 900),
    ],
)
def test_usual_times_are_by_type_method_and_worth(
    kind: str, method: str | None, usd: int, seconds: int
) -> None:
    usual = FIGURES.usual_time(kind, method=method, usd_value=usd * 1_000_000)
    assert usual.seconds == seconds


@pytest.mark.parametrize(
    ("method", "said", "seconds"),
    [("CARD", None, 60), ("CARD", 20, 60), ("CARD", 120, 120), ("BANK", 120, 3 * DAY)],
)
def test_a_deposit_takes_what_is_usual_and_no_less_than_its_provider_says(
    method: str, said: int | None, seconds: int
) -> None:
    payment = Payment().initiate(payment_method=method, offers=(told("first", said),))

    assert expected(payment.row) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("lately", "seconds"), [(40, 120), (700, 700)])
def test_history_of_the_like_takes_the_place_of_what_is_usual(lately: int, seconds: int) -> None:
    history = {"DEPOSIT_SMALL": lately, "DEPOSIT": 9_000, "DEPOSIT_BANK": 9_000}
    facts: Facts = replace(BEGINNER, history=history)

    payment = Payment(facts=facts).initiate()

    assert expected(payment.row) == timedelta(seconds=seconds)
    assert payment.row["estimated_as"] == "DEPOSIT_SMALL"


def test_the_next_provider_has_its_own_time() -> None:
    payment = Payment().initiate(offers=(told("first", 30), told("second", 500)))

    payment.opened(Declined(code="PRV_UNAVAILABLE", reason="out"))

    assert expected(payment.row) == timedelta(seconds=500)


def test_a_payout_to_a_bank_takes_its_days_from_the_beginning() -> None:
    journey = begun(Journey())

    assert journey.row["estimated_completion"] == FACTS.now + timedelta(days=2)


def test_what_has_ended_is_expected_no_longer() -> None:
    done = Payment().initiate().opened().checked(DELIVERED)
    failed = Payment().initiate(methods=("CARD",)).opened(Declined(code="PRV_LIMIT", reason="no"))
    failed.opened(Declined(code="PRV_DECLINED", reason="no"))

    assert (done.states[-1], done.row["estimated_completion"]) == ("COMPLETED", None)
    assert (failed.states[-1], failed.row["estimated_completion"]) == ("FAILED", None)
