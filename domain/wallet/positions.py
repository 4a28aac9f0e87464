"""What is told of open positions while they are watched: only what has become new."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.contracts.strategy_events import PositionNews, PositionValued, StrategyBalanceUpdated
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.stream import Stream

CHANGE_MIN: Final = 10_000
"""Base units of USDC, a cent: what is less is shown when somebody looks, but told to nobody."""
STALE_AFTER: Final = timedelta(minutes=5)
"""A protocol that has not answered for so long leaves its positions' values stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """What the protocol answered at `at`: `value` of the position, after its exit cost."""

    value: int
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """An open position with what was told of it last, and what is seen now. `answered_at`: when its
    protocol was heard last; `seen` None: it does not answer now."""

    opened: StrategyBalanceUpdated
    principal: int
    told: PositionValued | None
    seen: Valuation | None
    answered_at: datetime

    @property
    def number(self) -> int:
        """That of the next news."""
        return (self.told.number if self.told else 0) + 1


def news_of(watched: Watched, now: datetime) -> PositionNews | None:
    """What has become new; None: nothing. An ended lock comes before everything else."""
    told, seen, lock = watched.told, watched.seen, watched.opened.locked_until
    was_unlocked = told.unlocked if told else lock is None
    if not was_unlocked and lock is not None and lock <= now:
        return PositionNews.LOCK_ENDED
    was_stale = told is not None and told.news is PositionNews.STALE
    if seen is None:
        is_stale = now - watched.answered_at >= STALE_AFTER
        return PositionNews.STALE if is_stale and not was_stale else None
    before = told.value if told and told.value is not None else watched.principal
    if was_stale or abs(seen.value - before) >= CHANGE_MIN:
        return PositionNews.VALUE_CHANGED
    return None


def tell_position(stream: Stream, watched: Watched, facts: Facts) -> Decision:
    """Tells what is new, once: each news is a stream of its own, named by its number."""
    news = news_of(watched, facts.now)
    if stream.events or news is None:
        return NOTHING
    lock = watched.opened.locked_until
    known = watched.seen or watched.told
    valued = PositionValued(
        position_id=watched.opened.position_id,
        number=watched.number,
        news=news,
        principal=watched.principal,
        value=known.value if known else None,
        source=known.source if known else None,
        at=known.at if known else None,
        unlocked=lock is None or lock <= facts.now,
    )
    return Decision(events=(valued,))
