"""What is told of an open position: only what is new, and never twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.contracts.strategy_events import PositionNews, PositionValued, StrategyBalanceUpdated
from domain.provider.ports.defi import Position
from domain.wallet.positions import CHANGE_MIN, STALE_AFTER, Valuation, Watched, news_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRINCIPAL = 50_000_000
OPENED = StrategyBalanceUpdated(
    position_id=UUID(int=1),
    provider="kamino",
    offer_id="vault",
    name="Vault",
    principal=PRINCIPAL,
    shares=49_000_000,
    locked_until=None,
    journal_id=UUID(int=2),
)
LOCKED = replace(OPENED, locked_until=NOW + timedelta(days=1))
TOLD = PositionValued(
    position_id=UUID(int=1),
    number=1,
    news=PositionNews.VALUE_CHANGED,
    principal=PRINCIPAL,
    value=51_000_000,
    source="kamino",
    at=NOW,
    unlocked=True,
)
STALE = replace(TOLD, number=2, news=PositionNews.STALE)


def seen(value: int) -> Valuation:
    return Valuation(value=value, source="kamino", at=NOW)


def watched(
    valuation: Valuation | None,
    *,
    told: PositionValued | None = None,
    opened: StrategyBalanceUpdated = OPENED,
    silent: timedelta = timedelta(),
) -> Watched:
    return Watched(
        opened=opened, principal=PRINCIPAL, told=told, seen=valuation, answered_at=NOW - silent
    )


@pytest.mark.parametrize(
    ("value", "told", "news"),
    [
        (PRINCIPAL, None, None),
        (PRINCIPAL + CHANGE_MIN - 1, None, None),
        (PRINCIPAL + CHANGE_MIN, None, PositionNews.VALUE_CHANGED),
        (PRINCIPAL - CHANGE_MIN, None, PositionNews.VALUE_CHANGED),
        (51_000_000, TOLD, None),
        (51_000_000 - CHANGE_MIN, TOLD, PositionNews.VALUE_CHANGED),
        (51_000_000, STALE, PositionNews.VALUE_CHANGED),
    ],
)
def test_a_value_is_told_where_it_moved_a_cent_either_way(
    value: int, told: PositionValued | None, news: PositionNews | None
) -> None:
    assert news_of(watched(seen(value), told=told), NOW) is news


@pytest.mark.parametrize(
    ("silent", "told", "news"),
    [
        (timedelta(), None, None),
        (STALE_AFTER - timedelta(seconds=1), TOLD, None),
        (STALE_AFTER, TOLD, PositionNews.STALE),
        (STALE_AFTER, None, PositionNews.STALE),
        (STALE_AFTER * 2, STALE, None),
    ],
)
def test_silence_is_told_once_it_lasts(
    silent: timedelta, told: PositionValued | None, news: PositionNews | None
) -> None:
    assert news_of(watched(None, told=told, silent=silent), NOW) is news


def test_the_end_of_a_lock_is_told_once_also_while_the_protocol_is_silent() -> None:
    locked = replace(TOLD, unlocked=False)
    end = NOW + timedelta(days=1)

    for valuation in (seen(51_000_000), None):
        waiting = watched(valuation, told=locked, opened=LOCKED)
        assert news_of(waiting, end - timedelta(seconds=1)) is not PositionNews.LOCK_ENDED
        assert news_of(waiting, end) is PositionNews.LOCK_ENDED
    assert news_of(watched(seen(51_000_000), told=TOLD, opened=LOCKED), end) is None


def test_positions_in_one_offer_share_its_value_rounded_down() -> None:
    whole = Position(offer_id="vault", owner="owner", shares=3, value=100, source="kamino", at=NOW)
    assert [whole.worth(shares) for shares in (1, 2, 3, 4)] == [33, 66, 100, 100]
