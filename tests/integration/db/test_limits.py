"""The database decides what movements may take of a wallet's limits together."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.compliance.errors import LimitExceeded
from domain.shared.errors import DomainError
from domain.shared.ids import StreamId, WalletId
from domain.shared.limits import (
    DAY_SECONDS,
    MONTH_SECONDS,
    NOTHING_USED,
    WEEK_SECONDS,
    Cap,
    LimitReserved,
    LimitSettled,
    LimitState,
)
from domain.shared.unit import Committed, Rejected, Unit
from infrastructure.db.checks import InvalidUnit
from infrastructure.db.limits import usage_of
from tests.integration.db.test_double_spend import AT_ONCE, DOLLAR, Meeting, Prompt, a_sender
from tests.integration.db.units import NOON, stream, unit
from tests.integration.db.world import World

DAY = Cap(code="CMP_DAILY_LIMIT", seconds=DAY_SECONDS, most=100)
WEEK = Cap(code="CMP_WEEKLY_LIMIT", seconds=WEEK_SECONDS, most=150)
MONTH = Cap(code="CMP_MONTHLY_LIMIT", seconds=MONTH_SECONDS, most=200)
CAPS = (DAY, WEEK, MONTH)
BASIC_DAY = 5_000
INSTANT = timedelta(microseconds=1)


class Mover:
    """One wallet that moves money, each time by a stream of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wallet_id = WalletId(uuid4())

    def reserving(
        self,
        amount: int,
        *,
        at: datetime = NOON,
        caps: tuple[Cap, ...] = CAPS,
        method: str | None = None,
        stream_id: StreamId | None = None,
        after: int = 0,
    ) -> Unit:
        reserved = LimitReserved(amount=amount, at=at, caps=caps, method=method)
        made = unit(stream_id or stream(), after=after, limits_reserved=(reserved,))
        events = tuple(replace(event, wallet_id=self.wallet_id) for event in made.events)
        return replace(made, wallet_id=self.wallet_id, events=events)

    async def moves(self, amount: int, *, at: datetime = NOON, method: str | None = None) -> str:
        """COMMITTED, or the code of the limit."""
        own = replace(DAY, code="CMP_METHOD_LIMIT", most=60, method="CARD")
        caps = (*CAPS, own) if method == "CARD" else CAPS
        result = await self.world.committer.commit(
            self.reserving(amount, at=at, caps=caps, method=method)
        )
        return result.reason if isinstance(result, Rejected) else "COMMITTED"

    async def settles(self, stream_id: StreamId, state: LimitState) -> None:
        made = unit(stream_id, after=1, limits_settled=(LimitSettled(state=state),))
        assert isinstance(
            await self.world.committer.commit(replace(made, wallet_id=self.wallet_id)), Committed
        )

    async def taken(self) -> int:
        found = await self.world.pool.fetchval(
            "SELECT coalesce(sum(amount), 0)::int FROM limit_use "
            "WHERE wallet_id = $1 AND state <> 'RELEASED'",
            self.wallet_id,
        )
        return int(found)


@pytest.fixture
def mover(world: World) -> Mover:
    return Mover(world)


async def test_a_limit_may_be_used_up_and_not_passed(mover: Mover) -> None:
    assert await mover.moves(100) == "COMMITTED"
    assert await mover.moves(1) == "CMP_DAILY_LIMIT"


@pytest.mark.parametrize(
    ("before", "window", "code"),
    [
        ([100], DAY_SECONDS, "CMP_DAILY_LIMIT"),
        ([100, 50], WEEK_SECONDS, "CMP_WEEKLY_LIMIT"),
        ([100, 50, 50], MONTH_SECONDS, "CMP_MONTHLY_LIMIT"),
    ],
)
async def test_a_window_ends_to_the_instant(
    mover: Mover, before: list[int], window: int, code: str
) -> None:
    """The oldest counts until it is as old as the window, and no longer."""
    steps = [timedelta(0), timedelta(days=2), timedelta(days=9)]
    for amount, step in zip(before, steps, strict=False):
        assert await mover.moves(amount, at=NOON + step) == "COMMITTED"

    ends = NOON + timedelta(seconds=window)

    assert await mover.moves(1, at=ends - INSTANT) == code
    assert await mover.moves(1, at=ends) == "COMMITTED"


async def test_a_payment_method_has_a_limit_of_its_own(mover: Mover) -> None:
    assert await mover.moves(30) == "COMMITTED"
    assert await mover.moves(60, method="CARD") == "COMMITTED"
    assert await mover.moves(1, method="CARD") == "CMP_METHOD_LIMIT"
    assert await mover.moves(10, method="BANK") == "COMMITTED"


async def test_another_payment_method_takes_of_its_own_limit_instead(mover: Mover) -> None:
    card = Cap(code="CMP_METHOD_LIMIT", seconds=DAY_SECONDS, most=60, method="CARD")
    first, second = stream(), stream()
    for made in (
        mover.reserving(30, method="BANK", stream_id=first),
        mover.reserving(40, method="CARD", stream_id=second),
    ):
        assert isinstance(await mover.world.committer.commit(made), Committed)
    changed = mover.reserving(30, caps=(*CAPS, card), method="CARD", stream_id=first, after=1)

    refused = await mover.world.committer.commit(changed)
    assert refused == Rejected("CMP_METHOD_LIMIT", str(mover.wallet_id))

    await mover.settles(second, LimitState.RELEASED)
    assert isinstance(await mover.world.committer.commit(changed), Committed)
    # What it took before is counted once, with its new method.
    assert await mover.taken() == 30
    assert await mover.moves(31, method="CARD") == "CMP_METHOD_LIMIT"
    assert await mover.moves(70) == "COMMITTED"


async def test_another_wallet_is_another_limit(world: World) -> None:
    assert await Mover(world).moves(100) == "COMMITTED"
    assert await Mover(world).moves(100) == "COMMITTED"


async def test_what_is_released_is_free_and_what_is_used_is_not(mover: Mover) -> None:
    failing, passing = stream(), stream()
    assert isinstance(
        await mover.world.committer.commit(mover.reserving(60, stream_id=failing)), Committed
    )
    assert isinstance(
        await mover.world.committer.commit(mover.reserving(40, stream_id=passing)), Committed
    )
    await mover.settles(failing, LimitState.RELEASED)
    await mover.settles(passing, LimitState.USED)

    assert await mover.moves(61) == "CMP_DAILY_LIMIT"
    assert await mover.moves(60) == "COMMITTED"


async def test_what_is_refused_leaves_nothing(mover: Mover) -> None:
    refused = mover.reserving(101)

    result = await mover.world.committer.commit(refused)

    assert result == Rejected("CMP_DAILY_LIMIT", str(mover.wallet_id))
    assert await mover.world.events(refused.stream_id) == []
    assert await mover.taken() == 0


async def test_a_stream_takes_of_its_limits_once(mover: Mover) -> None:
    made = mover.reserving(1)
    with pytest.raises(InvalidUnit):
        await mover.world.committer.commit(replace(made, limits_reserved=made.limits_reserved * 2))


async def test_concurrent_committers_cannot_pass_a_limit_together(mover: Mover) -> None:
    committers = [await mover.world.another_committer() for _ in range(4)]

    results = await asyncio.gather(
        *(committers[n % 4].commit(mover.reserving(7)) for n in range(60))
    )

    assert sum(isinstance(result, Committed) for result in results) == DAY.most // 7
    assert {result.reason for result in results if isinstance(result, Rejected)} == {DAY.code}
    assert await mover.taken() == DAY.most // 7 * 7


MOVES = st.lists(
    st.tuples(st.integers(1, 120), st.integers(0, 40 * 24), st.booleans()), max_size=12
)


@given(moves=MOVES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_no_interleaving_passes_a_limit(
    world: World, moves: list[tuple[int, int, bool]]
) -> None:
    """Amounts at hours in order, some released again at once, by two committers."""
    mover = Mover(world)
    other = await world.another_committer()
    kept: list[tuple[datetime, int]] = []
    for index, (amount, hours, fails) in enumerate(sorted(moves, key=lambda move: move[1])):
        at = NOON + timedelta(hours=hours)
        made = mover.reserving(amount, at=at)
        committer = other if index % 2 else world.committer
        accepted = isinstance(await committer.commit(made), Committed)
        expected = all(
            sum(a for t, a in kept if t > at - timedelta(seconds=cap.seconds)) + amount <= cap.most
            for cap in CAPS
        )
        assert accepted is expected
        if accepted and fails:
            await mover.settles(made.stream_id, LimitState.RELEASED)
        elif accepted:
            kept.append((at, amount))


@pytest.mark.parametrize("processes", [1, 4])
async def test_sends_at_once_cannot_pass_the_limit_of_a_day_together(
    world: World, processes: int
) -> None:
    """All of them have read that nothing is used yet before the first is decided."""
    sender = await a_sender(world, funds=100_000 * DOLLAR, processes=processes, gateway=Meeting())

    results = await sender.initiated([sender.wish(500 * DOLLAR) for _ in range(AT_ONCE)])

    assert not [result for result in results if isinstance(result, DomainError)]
    states = Counter((await sender.states()).values())
    assert states.total() - states["FAILED"] == BASIC_DAY // 500
    assert await sender.held() == BASIC_DAY * DOLLAR
    reasons = await world.pool.fetch(
        "SELECT DISTINCT reason FROM transaction WHERE user_id = $1 AND state = 'FAILED'",
        sender.user_id,
    )
    assert [row["reason"] for row in reasons] == ["CMP_DAILY_LIMIT"]


async def test_a_later_send_is_told_what_is_left(world: World) -> None:
    sender = await a_sender(world, funds=100_000 * DOLLAR, processes=1, gateway=Prompt())
    await sender.initiated([sender.wish(1_900 * DOLLAR), sender.wish(1_900 * DOLLAR)])

    (refused,) = await sender.initiated([sender.wish(1_300 * DOLLAR)])

    assert isinstance(refused, LimitExceeded)
    assert refused.code == "CMP_DAILY_LIMIT"
    assert refused.details["left"] == "1200.000000"
    assert DAY_SECONDS - 60 <= int(refused.details["retry_after_seconds"]) <= DAY_SECONDS


async def test_what_is_used_is_read_by_window_and_by_method(mover: Mover) -> None:
    now = datetime.now(UTC)
    ages = {"CARD": timedelta(hours=1), "BANK": timedelta(days=3), None: timedelta(days=20)}
    for amount, (method, age) in enumerate(ages.items(), 1):
        assert await mover.moves(amount, at=now - age, method=method) == "COMMITTED"
    assert await mover.moves(50, at=now - timedelta(days=31)) == "COMMITTED"
    failed = stream()
    await mover.world.committer.commit(mover.reserving(7, at=now, stream_id=failed))
    await mover.settles(failed, LimitState.RELEASED)

    usage = usage_of(await mover.world.pool.fetchval("SELECT limit_usage($1)", mover.wallet_id))

    assert {seconds: use.amount for seconds, use in usage.windows.items()} == {
        DAY_SECONDS: 1,
        WEEK_SECONDS: 1 + 2,
        MONTH_SECONDS: 1 + 2 + 3,
    }
    assert {method: use.amount for method, use in usage.methods.items()} == {"CARD": 1}
    frees = usage.windows[WEEK_SECONDS].frees_at
    assert frees is not None
    assert abs(frees - (now + timedelta(days=4))) < timedelta(seconds=1)


async def test_a_wallet_that_moved_nothing_has_used_nothing(mover: Mover) -> None:
    usage = await mover.world.pool.fetchval("SELECT limit_usage($1)", mover.wallet_id)

    assert usage_of(usage) == NOTHING_USED
