"""The limits of the product's figures: which hold for whom, and where each begins to bite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.compliance.errors import (
    ComplianceRefusal,
    CountryBlocked,
    FlowNotAllowed,
    LimitExceeded,
    SanctionedAddress,
)
from domain.compliance.limits import allowance
from domain.compliance.model import Assessed, assess
from domain.shared.decision import Facts, KycLevel, Profile, RiskTier
from domain.shared.ids import UserId
from domain.shared.limits import DAY_SECONDS, MONTH_SECONDS, WEEK_SECONDS, Usage, WindowUse
from domain.shared.screening import ScreeningList
from infrastructure.services.policy import FIGURES_FILE, load_figures

FIGURES = load_figures(FIGURES_FILE)
DOLLAR = 1_000_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FACTS = Facts(
    now=NOW, figures=FIGURES, screening=ScreeningList(version="t", addresses=frozenset({"bad"}))
)
PROFILE = Profile(user_id=UserId(UUID(int=1)), kyc_level=KycLevel.BASIC, country="US")


def assessed(
    dollars: int,
    *,
    profile: Profile | None = PROFILE,
    flow: str = "deposit",
    method: str | None = None,
    extra: int = 0,
    addresses: tuple[str, ...] = ("good",),
) -> Assessed:
    return assess(
        flow=flow,
        amount=dollars * DOLLAR + extra,
        addresses=addresses,
        profile=profile,
        facts=FACTS,
        method=method,
    )


@pytest.mark.parametrize(
    ("level", "transaction", "day", "week", "month"),
    [
        (KycLevel.UNVERIFIED, 100, 500, 2_000, 5_000),
        (KycLevel.BASIC, 2_000, 5_000, 25_000, 100_000),
        (KycLevel.ADVANCED, 10_000, 25_000, 100_000, 500_000),
        (KycLevel.INSTITUTIONAL, 100_000, 50_000, 5_000_000, 20_000_000),
    ],
)
def test_each_level_has_its_limits(
    level: KycLevel, transaction: int, day: int, week: int, month: int
) -> None:
    """In the US, whose own limit of a day is the strictest for an institution."""
    limits = allowance(replace(PROFILE, kyc_level=level), method=None, figures=FIGURES)

    assert limits.transaction == transaction * DOLLAR
    assert {cap.seconds: cap.most for cap in limits.caps} == {
        DAY_SECONDS: day * DOLLAR,
        WEEK_SECONDS: week * DOLLAR,
        MONTH_SECONDS: month * DOLLAR,
    }


@pytest.mark.parametrize(
    ("country", "day", "approval"),
    [
        ("US", 50_000, 25_000),
        ("DE", 45_000, 15_000),
        ("GB", 40_000, 20_000),
        ("CA", 65_000, 20_000),
        ("BR", 10_000, 5_000),
        ("", 10_000, 5_000),
    ],
)
def test_each_region_has_its_limits(country: str, day: int, approval: int) -> None:
    profile = replace(PROFILE, kyc_level=KycLevel.INSTITUTIONAL, country=country)

    limits = allowance(profile, method=None, figures=FIGURES)

    assert limits.caps[0].code == "CMP_REGION_LIMIT"
    assert limits.caps[0].most == day * DOLLAR
    assert limits.approval == approval * DOLLAR


@pytest.mark.parametrize(
    ("tier", "transaction"),
    [(RiskTier.LOW, 2_000), (RiskTier.MEDIUM, 1_000), (RiskTier.HIGH, 400)],
)
def test_risk_scales_every_limit(tier: RiskTier, transaction: int) -> None:
    whole = allowance(PROFILE, method="CARD", figures=FIGURES)

    scaled = allowance(replace(PROFILE, risk_tier=tier), method="CARD", figures=FIGURES)

    share = FIGURES.risk_millionths[tier]
    assert scaled.transaction == transaction * DOLLAR
    assert [cap.most for cap in scaled.caps] == [
        cap.most * share // 1_000_000 for cap in whole.caps
    ]
    assert scaled.approval == whole.approval * share // 1_000_000


@pytest.mark.parametrize(
    ("method", "day"),
    [
        ("APPLE_PAY", 25_000),
        ("GOOGLE_PAY", 25_000),
        ("CARD", 15_000),
        ("BANK", 100_000),
        ("PAYPAL", 5_000),
    ],
)
def test_a_payment_method_adds_its_own(method: str, day: int) -> None:
    cap = allowance(PROFILE, method=method, figures=FIGURES).caps[-1]

    assert (cap.code, cap.method, cap.most) == ("CMP_METHOD_LIMIT", method, day * DOLLAR)


def test_a_transaction_may_be_as_large_as_its_limit_and_no_larger() -> None:
    assert assessed(2_000).reserved is not None
    with pytest.raises(LimitExceeded) as caught:
        assessed(2_000, extra=1)
    assert caught.value.code == "CMP_TRANSACTION_LIMIT"


@pytest.mark.parametrize(
    ("seconds", "used", "code"),
    [
        (DAY_SECONDS, 4_500, "CMP_DAILY_LIMIT"),
        (WEEK_SECONDS, 24_500, "CMP_WEEKLY_LIMIT"),
        (MONTH_SECONDS, 99_500, "CMP_MONTHLY_LIMIT"),
    ],
)
def test_what_is_used_leaves_the_rest(seconds: int, used: int, code: str) -> None:
    use = WindowUse(amount=used * DOLLAR, frees_at=NOW + timedelta(seconds=90))
    profile = replace(PROFILE, usage=Usage(windows={seconds: use}))

    assert assessed(500, profile=profile).reserved is not None
    with pytest.raises(LimitExceeded) as caught:
        assessed(500, profile=profile, extra=1)
    assert caught.value.code == code
    assert caught.value.details["left"] == "500.000000"
    assert caught.value.details["retry_after"] == "2026-03-01 00:01 UTC"
    assert caught.value.details["retry_after_seconds"] == "90"


def test_a_method_counts_what_was_paid_by_it_alone() -> None:
    use = WindowUse(amount=4_900 * DOLLAR)
    profile = replace(PROFILE, usage=Usage(methods={"PAYPAL": use}))

    assert assessed(200, profile=profile, method="CARD").reserved is not None
    with pytest.raises(LimitExceeded) as caught:
        assessed(200, profile=profile, method="PAYPAL")
    assert caught.value.code == "CMP_METHOD_LIMIT"


@pytest.mark.parametrize("country", ["CN", "RU", "KP", "IR", "CU", "SY"])
def test_blocked_countries_move_nothing(country: str) -> None:
    with pytest.raises(CountryBlocked):
        assessed(10, profile=replace(PROFILE, country=country))


ALLOWED = {
    KycLevel.UNVERIFIED: {"deposit", "buy"},
    KycLevel.BASIC: {"deposit", "buy", "withdraw", "send", "sell"},
    KycLevel.ADVANCED: {"deposit", "buy", "withdraw", "send", "sell", "strategy_launch"},
    KycLevel.INSTITUTIONAL: {"deposit", "buy", "withdraw", "send", "sell", "strategy_launch"},
}


@pytest.mark.parametrize("level", KycLevel)
@pytest.mark.parametrize("flow", sorted(ALLOWED[KycLevel.INSTITUTIONAL]))
def test_each_level_opens_its_flows(level: KycLevel, flow: str) -> None:
    profile = replace(PROFILE, kyc_level=level)

    if flow in ALLOWED[level]:
        assert assessed(50, profile=profile, flow=flow).reserved is not None
    else:
        with pytest.raises(FlowNotAllowed):
            assessed(50, profile=profile, flow=flow)


def test_somebody_unknown_counts_as_unverified() -> None:
    assert assessed(100, profile=None).reserved is not None
    with pytest.raises(LimitExceeded):
        assessed(101, profile=None)


@pytest.mark.parametrize("kyc_level", KycLevel)
def test_no_limit_keeps_a_strategy_from_being_stopped(kyc_level: KycLevel) -> None:
    blocked = replace(PROFILE, kyc_level=kyc_level, country="KP", risk_tier=RiskTier.HIGH)

    assert assessed(10**9, profile=blocked, flow="strategy_stop") == Assessed()
    with pytest.raises(SanctionedAddress):
        assessed(1, profile=blocked, flow="strategy_stop", addresses=("good", "bad"))


def test_screening_comes_before_everything_else() -> None:
    with pytest.raises(ComplianceRefusal) as caught:
        assessed(10**9, addresses=("bad",))
    assert caught.value.code == "CMP_SANCTIONED"


def test_above_the_region_s_line_a_person_approves() -> None:
    profile = replace(PROFILE, kyc_level=KycLevel.INSTITUTIONAL, country="BR")

    assert not assessed(5_000, profile=profile).needs_review
    assert assessed(5_000, profile=profile, extra=1).needs_review
