"""What a user's row, with what their wallet has taken of its limits, tells compliance."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from domain.shared.decision import KycLevel, Profile, RiskTier
from domain.shared.ids import UserId
from domain.shared.limits import Usage, WindowUse
from infrastructure.db.pool import Record

StoredUse: TypeAlias = tuple[int, str | None, int, float]


def profile_of(user_id: UserId, row: Record | Mapping[str, Any]) -> Profile:
    """The profile of a row with kyc_level, country, risk_tier and `usage` (of limit_usage)."""
    return Profile(
        user_id=user_id,
        kyc_level=KycLevel(row["kyc_level"]),
        country=row["country"] or "",
        risk_tier=RiskTier(row["risk_tier"]),
        usage=usage_of(row["usage"]),
    )


def usage_of(stored: Sequence[StoredUse]) -> Usage:
    """What limit_usage answers, by window and by method."""
    windows: dict[int, WindowUse] = {}
    methods: dict[str, WindowUse] = {}
    for seconds, method, amount, oldest in stored:
        frees_at = datetime.fromtimestamp(oldest + seconds, UTC)
        use = WindowUse(amount=int(amount), frees_at=frees_at)
        if method is None:
            windows[seconds] = use
        else:
            methods[method] = use
    return Usage(windows=windows, methods=methods)
