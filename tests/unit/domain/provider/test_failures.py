"""How often what the platform signs may land and fail for one user."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.provider.errors import TooManyFailed
from domain.provider.failures import FAILURES_MAX, FAILURES_WINDOW, check_failures

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def failed(count: int, *, oldest: timedelta) -> list[datetime]:
    """So many, a minute apart, the newest first."""
    return [NOW - oldest + timedelta(minutes=number) for number in reversed(range(count))]


def test_some_may_fail() -> None:
    check_failures([], NOW)
    check_failures(failed(FAILURES_MAX - 1, oldest=timedelta(hours=1)), NOW)


def test_no_more_are_signed_until_the_first_of_them_is_a_day_ago() -> None:
    with pytest.raises(TooManyFailed) as refused:
        check_failures(failed(FAILURES_MAX, oldest=timedelta(hours=22)), NOW)

    assert refused.value.code == "TXN_FAILED_TOO_OFTEN"
    assert refused.value.details == {
        "retry_after": "2026-01-02 14:00 UTC",
        "retry_after_seconds": "7200",
    }


def test_a_day_later_they_count_no_more() -> None:
    check_failures(failed(FAILURES_MAX, oldest=FAILURES_WINDOW), NOW)
