"""How often what the platform signs for a user may land on Solana and fail: the platform pays the
network for each, and nobody pays it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.provider.errors import TooManyFailed

FAILURES_WINDOW: Final = timedelta(days=1)
FAILURES_MAX: Final = 10
"""Who moves their funds away in between fails now and then; who does so all day is kept from it."""


def check_failures(failed_at: Sequence[datetime], now: datetime) -> None:
    """`failed_at`: the last ones, the newest first. Raises `TooManyFailed`."""
    within = [at for at in failed_at[:FAILURES_MAX] if at > now - FAILURES_WINDOW]
    if len(within) < FAILURES_MAX:
        return
    free_at = within[-1] + FAILURES_WINDOW
    raise TooManyFailed(
        retry_after=f"{free_at:%Y-%m-%d %H:%M} UTC",
        retry_after_seconds=str(max(1, int((free_at - now).total_seconds()))),
    )
