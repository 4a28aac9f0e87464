"""Which of the providers that can is the best: pure, the same answer for the same facts.

Each criterion scores from 0 to 1,000,000 and counts by its weight; so does the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 1_000_000
PRIOR_SUCCESSES = 9
PRIOR_ATTEMPTS = 10
"""A provider that nobody has tried counts as one that did nine of ten: known ones may be better."""
UNKNOWN_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each criterion counts, in millionths; they sum to 1,000,000."""

    cost: int
    reliability: int
    speed: int
    preference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`delivered` (base units) arrives of what the user spends; `successes` of `attempts` were
    recorded lately. `is_local`: it knows the user's country best."""

    provider: str
    delivered: int
    estimated_seconds: int | None
    successes: int
    attempts: int
    is_preferred: bool
    is_local: bool
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate's score, whole and by criterion."""

    candidate: Candidate
    total: int
    cost: int
    reliability: int
    speed: int
    preference: int


def rank(candidates: Sequence[Candidate], weights: Weights) -> tuple[Scored, ...]:
    """The best first; equal ones by priority, then by name."""
    if not candidates:
        return ()
    most = max(1, *(candidate.delivered for candidate in candidates))
    fastest = max(1, min(_seconds(candidate) for candidate in candidates))
    scored = [_score(each, weights, most=most, fastest=fastest) for each in candidates]
    return tuple(
        sorted(
            scored, key=lambda each: (-each.total, each.candidate.priority, each.candidate.provider)
        )
    )


def _score(candidate: Candidate, weights: Weights, *, most: int, fastest: int) -> Scored:
    cost = candidate.delivered * WHOLE // most
    reliability = (
        (candidate.successes + PRIOR_SUCCESSES) * WHOLE // (candidate.attempts + PRIOR_ATTEMPTS)
    )
    speed = fastest * WHOLE // max(1, _seconds(candidate))
    preference = (candidate.is_preferred + candidate.is_local) * WHOLE // 2
    total = (
        cost * weights.cost
        + reliability * weights.reliability
        + speed * weights.speed
        + preference * weights.preference
    ) // WHOLE
    return Scored(
        candidate=candidate,
        total=total,
        cost=cost,
        reliability=reliability,
        speed=speed,
        preference=preference,
    )


def _seconds(candidate: Candidate) -> int:
    known = candidate.estimated_seconds
    return UNKNOWN_SECONDS if known is None else known
