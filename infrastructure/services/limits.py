"""What a user may still move, as they may ask for it."""

from typing import Protocol

from domain.compliance.limits import Allowance, allowance
from domain.compliance.model import left_of
from domain.contracts.views import LimitsView, LimitView
from domain.shared.decision import Profile
from domain.shared.errors import Refused
from domain.shared.figures import Figures
from domain.shared.ids import UserId
from domain.shared.limits import DAY_SECONDS, Cap
from infrastructure.services.faults import in_plain_words


class UsedProfiles(Protocol):
    """Reads what compliance knows of a user, with what their wallet has used."""

    async def used_profile(self, user_id: UserId) -> Profile | None: ...


class LimitDesk:
    """Answers what is left of a user's limits; the next movement is asked again."""

    def __init__(self, *, profiles: UsedProfiles, figures: Figures) -> None:
        self._profiles = profiles
        self._figures = figures

    async def limits(self, user_id: UserId) -> LimitsView:
        """Raises `DomainError` for nobody."""
        with in_plain_words():
            profile = await self._profiles.used_profile(user_id)
        if profile is None:
            raise Refused(code="AUTH_FORBIDDEN")
        limits = allowance(profile, method=None, figures=self._figures)
        return LimitsView(
            transaction=limits.transaction,
            approval_above=limits.approval,
            flows=tuple(sorted(self._figures.kyc[profile.kyc_level].flows)),
            windows=tuple(
                _window(cap, profile) for cap in (*limits.caps, *self._methods(profile, limits))
            ),
        )

    def _methods(self, profile: Profile, limits: Allowance) -> list[Cap]:
        """What payment methods add to the limits of everybody."""
        known = set(limits.caps)
        return [
            cap
            for method in sorted(self._figures.method_day)
            for cap in allowance(profile, method=method, figures=self._figures).caps
            if cap not in known
        ]


def _window(cap: Cap, profile: Profile) -> LimitView:
    used = profile.usage.of(cap)
    return LimitView(
        days=cap.seconds // DAY_SECONDS,
        payment_method=cap.method,
        limit=cap.most,
        used=used.amount,
        left=left_of(cap, used.amount),
        frees_at=used.frees_at,
    )
