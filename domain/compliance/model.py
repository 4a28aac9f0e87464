"""Whether a movement may pass: the sanctions list, the user's country, the level's flows and the
limits. What several movements may not pass together is for the database to decide."""

import math
from dataclasses import dataclass
from datetime import datetime

from domain.compliance.errors import (
    CountryBlocked,
    FlowNotAllowed,
    LimitExceeded,
    SanctionedAddress,
)
from domain.compliance.limits import Allowance, allowance
from domain.shared.assets import USDC
from domain.shared.decision import Facts, KycLevel, Profile
from domain.shared.limits import NOTHING_USED, Cap, LimitReserved, WindowUse
from domain.shared.money import format_amount

UNLIMITED_FLOWS = frozenset({"strategy_stop"})
"""What brings a user's own money back to them: screened, but never stopped by a limit."""
STRATEGY_FLOWS = frozenset({"strategy_launch"})
"""All of them are the level's `strategy`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A movement that may pass, what it takes of the limits, and whether a person has to approve."""

    needs_review: bool = False
    reserved: LimitReserved | None = None


def assess(
    *,
    flow: str,
    amount: int,
    addresses: tuple[str, ...],
    profile: Profile | None,
    facts: Facts,
    method: str | None = None,
) -> Assessed:
    """Lets the movement pass or raises why not. `amount` is USD in millionths (USDC base units).

    A user whom compliance does not know counts as unverified.
    """
    if facts.screening.hits(addresses):
        raise SanctionedAddress
    if flow in UNLIMITED_FLOWS:
        return Assessed()
    _check_user(flow, profile, facts)
    limits = allowance(profile, method=method, figures=facts.figures)
    _check_amount(amount, limits, profile, facts.now)
    return Assessed(
        needs_review=amount > limits.approval,
        reserved=LimitReserved(amount=amount, at=facts.now, caps=limits.caps, method=method),
    )


def _check_user(flow: str, profile: Profile | None, facts: Facts) -> None:
    if profile is not None and profile.country in facts.figures.blocked_countries:
        raise CountryBlocked
    level = profile.kyc_level if profile else KycLevel.UNVERIFIED
    wanted = "strategy" if flow in STRATEGY_FLOWS else flow
    if wanted not in facts.figures.kyc[level].flows:
        raise FlowNotAllowed(level=level)


def _check_amount(amount: int, limits: Allowance, profile: Profile | None, now: datetime) -> None:
    level = profile.kyc_level if profile else KycLevel.UNVERIFIED
    if amount > limits.transaction:
        raise LimitExceeded(field="input.amount", level=level, limit=_usd(limits.transaction))
    usage = profile.usage if profile else NOTHING_USED
    for cap in limits.caps:
        used = usage.of(cap)
        if used.amount + amount <= cap.most:
            continue
        raise LimitExceeded(
            code=cap.code,
            field="input.amount",
            level=level,
            limit=_usd(cap.most),
            left=_usd(left_of(cap, used.amount)),
            **_retry(used, now),
        )


def _retry(used: WindowUse, now: datetime) -> dict[str, str]:
    """When more of the limit becomes free; nothing, where waiting does not help."""
    if used.frees_at is None:
        return {}
    seconds = max(1, math.ceil((used.frees_at - now).total_seconds()))
    return {
        "retry_after": f"{used.frees_at:%Y-%m-%d %H:%M} UTC",
        "retry_after_seconds": str(seconds),
    }


def left_of(cap: Cap, used: int) -> int:
    """What may still be moved within the cap's window."""
    return max(0, cap.most - used)


def _usd(amount: int) -> str:
    return format_amount(amount, USDC.decimals)
