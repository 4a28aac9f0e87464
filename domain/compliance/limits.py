"""Which limits hold for a user's movement: of several the strictest, scaled by the user's risk."""

from dataclasses import dataclass

from domain.shared.decision import KycLevel, Profile, RiskTier
from domain.shared.figures import Figures, RegionLimits
from domain.shared.limits import DAY_SECONDS, MONTH_SECONDS, WEEK_SECONDS, Cap
from domain.shared.money import share_rounded_down

OTHER_REGION = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a user may move (USD in millionths): at once, within windows, and without a person's
    approval."""

    transaction: int
    approval: int
    caps: tuple[Cap, ...]


def allowance(profile: Profile | None, *, method: str | None, figures: Figures) -> Allowance:
    """The limits of a user; of one whom compliance does not know, those of the unverified. A
    `method` of payment adds its own."""
    kyc = figures.kyc[profile.kyc_level if profile else KycLevel.UNVERIFIED]
    region = region_of(profile.country if profile else "", figures)
    share = figures.risk_millionths[profile.risk_tier if profile else RiskTier.LOW]

    def scaled(amount: int) -> int:
        return share_rounded_down(amount, millionths=share)

    day = (
        Cap(code="CMP_DAILY_LIMIT", seconds=DAY_SECONDS, most=scaled(kyc.day))
        if kyc.day <= region.day
        else Cap(code="CMP_REGION_LIMIT", seconds=DAY_SECONDS, most=scaled(region.day))
    )
    caps = [
        day,
        Cap(code="CMP_WEEKLY_LIMIT", seconds=WEEK_SECONDS, most=scaled(kyc.week)),
        Cap(code="CMP_MONTHLY_LIMIT", seconds=MONTH_SECONDS, most=scaled(kyc.month)),
    ]
    method_day = figures.method_day.get(method or "")
    if method_day is not None:
        most = scaled(method_day)
        caps.append(Cap(code="CMP_METHOD_LIMIT", seconds=DAY_SECONDS, most=most, method=method))
    return Allowance(
        transaction=scaled(kyc.transaction), approval=scaled(region.approval), caps=tuple(caps)
    )


def region_of(country: str, figures: Figures) -> RegionLimits:
    """The region that names the country, else the one for all others."""
    for region in figures.regions.values():
        if country in region.countries:
            return region
    return figures.regions[OTHER_REGION]
