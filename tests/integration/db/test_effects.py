"""External calls: who may make them, for how long, and who comes too late."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.shared.ids import EffectId, StreamId
from domain.shared.unit import (
    CommitResult,
    Committed,
    EffectMoved,
    EffectRequested,
    EffectState,
    Group,
    Stale,
)
from infrastructure.db.effects import ClaimedEffect, EffectStore
from infrastructure.db.leases import Leases
from tests.integration.db.units import LONG_AGO, effect, stream, unit
from tests.integration.db.world import World

SHORT_SECONDS = 0.05


class Desk:
    """The effects of one test, told apart from others' by their kind."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kind = str(uuid4())
        self.store = EffectStore(world.pool)
        self.streams: dict[EffectId, StreamId] = {}
        self.sequences: dict[StreamId, int] = {}

    async def request(self, *, due_at: datetime | None = None) -> EffectRequested:
        requested, stream_id = effect(kind=self.kind, due_at=due_at or LONG_AGO), stream()
        await self.world.committer.commit(unit(stream_id, effects_requested=(requested,)))
        self.streams[requested.id], self.sequences[stream_id] = stream_id, 1
        return requested

    async def claim(
        self, owner: str, *, limit: int = 10, seconds: float = 30.0
    ) -> list[ClaimedEffect]:
        return await self.store.claim(
            owner, [Group.PROVIDER], kinds=[self.kind], limit=limit, lease_seconds=seconds
        )

    async def move(
        self,
        effect_id: EffectId,
        state: EffectState,
        *,
        epoch: int | None,
        due_at: datetime | None = None,
    ) -> CommitResult:
        stream_id = self.streams[effect_id]
        sequence = self.sequences[stream_id]
        moved = EffectMoved(
            id=effect_id, state=state, epoch=epoch, due_at=due_at, response={state: True}
        )
        result = await self.world.committer.commit(
            unit(stream_id, after=sequence, effects_moved=(moved,))
        )
        self.sequences[stream_id] += result == Committed()
        return result


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def test_a_due_effect_is_claimed_by_one(desk: Desk) -> None:
    requested = await desk.request()

    (claimed,) = await desk.claim("one")

    assert await desk.claim("two") == []
    assert (claimed.id, claimed.epoch, claimed.tries) == (requested.id, 1, 1)
    assert not claimed.taken_over
    assert claimed.request == {"n": 10**30}


async def test_many_claimers_share_without_overlap(desk: Desk) -> None:
    wanted = {(await desk.request()).id for _ in range(40)}

    shares = await asyncio.gather(*(desk.claim(f"worker-{n}", limit=10) for n in range(8)))

    claimed = [each.id for share in shares for each in share]
    assert all(len(share) <= 10 for share in shares)
    assert len(claimed) == len(set(claimed))
    rest = [each.id for each in await desk.claim("last", limit=40)]
    assert {*claimed, *rest} == wanted


async def test_an_effect_of_later_waits(desk: Desk) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    await desk.request(due_at=later)

    assert await desk.claim("one") == []


async def test_a_takeover_knows_that_nobody_answered(desk: Desk) -> None:
    await desk.request()
    await desk.claim("one", seconds=SHORT_SECONDS)
    await asyncio.sleep(SHORT_SECONDS)

    (taken,) = await desk.claim("two")

    assert taken.taken_over
    assert (taken.epoch, taken.tries) == (2, 2)


async def test_a_late_writer_is_fenced_by_its_epoch(desk: Desk) -> None:
    requested = await desk.request()
    (late,) = await desk.claim("one", seconds=SHORT_SECONDS)
    await asyncio.sleep(SHORT_SECONDS)
    (taken,) = await desk.claim("two")

    by_late = await desk.move(requested.id, EffectState.DONE, epoch=late.epoch)
    by_holder = await desk.move(requested.id, EffectState.DONE, epoch=taken.epoch)

    assert by_late == Stale(f"effect:{requested.id}")
    assert by_holder == Committed()


async def test_who_is_late_but_not_replaced_may_still_answer(desk: Desk) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one", seconds=SHORT_SECONDS)
    await asyncio.sleep(SHORT_SECONDS)

    assert await desk.move(requested.id, EffectState.DONE, epoch=claimed.epoch) == Committed()


@pytest.mark.parametrize(
    "final",
    [
        EffectState.DONE,
        EffectState.DECLINED,
        EffectState.NOT_ATTEMPTED,
        EffectState.CANCELLED,
    ],
)
async def test_an_effect_that_ended_stays_ended(desk: Desk, final: EffectState) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one", seconds=SHORT_SECONDS)
    await desk.move(requested.id, final, epoch=claimed.epoch)
    await asyncio.sleep(SHORT_SECONDS)

    again = await desk.move(requested.id, EffectState.UNKNOWN, epoch=claimed.epoch)

    assert again == Stale(f"effect:{requested.id}")
    assert await desk.claim("two") == []
    assert not await desk.store.renew(requested.id, claimed.epoch, lease_seconds=30)


@pytest.mark.parametrize("state", [EffectState.PENDING, EffectState.UNKNOWN])
async def test_an_open_effect_is_looked_at_again_when_it_is_due(
    desk: Desk, state: EffectState
) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one")
    due_at = datetime.now(UTC) + timedelta(seconds=SHORT_SECONDS)
    await desk.move(requested.id, state, epoch=claimed.epoch, due_at=due_at)
    assert await desk.claim("two") == []
    await asyncio.sleep(SHORT_SECONDS)

    (again,) = await desk.claim("two")

    assert (again.state, again.epoch, again.taken_over) == (state, 2, False)
    assert again.response == {state: True}


async def test_a_lease_is_renewed_by_its_epoch_alone(desk: Desk) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one", seconds=SHORT_SECONDS)

    assert await desk.store.renew(requested.id, claimed.epoch, lease_seconds=30)
    assert not await desk.store.renew(requested.id, claimed.epoch + 1, lease_seconds=30)
    await asyncio.sleep(SHORT_SECONDS)

    assert await desk.claim("two") == []


async def test_the_writer_holds_what_it_requests(desk: Desk, world: World) -> None:
    committer = await world.another_committer(lease_owner="me", lease_seconds=30)
    at_once = effect(kind=desk.kind)
    later = effect(kind=desk.kind, due_at=datetime.now(UTC) + timedelta(hours=1))
    stream_id = stream()

    result = await committer.commit(unit(stream_id, effects_requested=(at_once, later)))

    assert result == Committed({at_once.id: 1})
    assert await desk.claim("another") == []
    done = EffectMoved(id=at_once.id, state=EffectState.DONE, epoch=1)
    assert await committer.commit(unit(stream_id, after=1, effects_moved=(done,))) == Committed()


async def test_what_a_dead_writer_held_is_taken_over_as_unanswered(
    desk: Desk, world: World
) -> None:
    committer = await world.another_committer(lease_owner="dead", lease_seconds=SHORT_SECONDS)
    await committer.commit(unit(None, effects_requested=(effect(kind=desk.kind),)))
    await asyncio.sleep(SHORT_SECONDS)

    (taken,) = await desk.claim("heir")

    assert taken.taken_over
    assert taken.epoch == 2


async def test_another_streams_effect_is_out_of_reach(desk: Desk, world: World) -> None:
    requested = await desk.request()
    foreign = EffectMoved(id=requested.id, state=EffectState.CANCELLED)

    result = await world.commit(effects_moved=(foreign,))

    assert result == Stale(f"effect:{requested.id}")


async def test_without_an_epoch_whoever_decides_may_cancel(desk: Desk) -> None:
    requested = await desk.request()
    await desk.claim("one")

    assert await desk.move(requested.id, EffectState.CANCELLED, epoch=None) == Committed()


async def test_of_two_answers_at_once_one_counts(desk: Desk, world: World) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one")
    stream_id = desk.streams[requested.id]
    other = await world.another_committer()
    moves = [
        unit(
            stream_id,
            after=1,
            decision=state,
            effects_moved=(EffectMoved(id=requested.id, state=state, epoch=claimed.epoch),),
        )
        for state in (EffectState.DONE, EffectState.DECLINED)
    ]

    results = await asyncio.gather(world.committer.commit(moves[0]), other.commit(moves[1]))

    assert results.count(Committed()) == 1
    assert results.count(Stale("stream")) == 1


async def test_watchers_page_through_what_is_open(desk: Desk) -> None:
    requested = sorted([(await desk.request()).id for _ in range(5)])

    first = await desk.store.pending(desk.kind, limit=3)
    rest = await desk.store.pending(desk.kind, after=first[-1].id, limit=3)

    assert [each.id for each in (*first, *rest)] == requested


async def test_a_named_lease_has_one_owner_and_a_new_epoch_each_tenure(world: World) -> None:
    leases, name = Leases(world.pool), str(uuid4())

    first = await leases.acquire(name, "one", seconds=SHORT_SECONDS)
    refused = await leases.acquire(name, "two", seconds=30)
    await asyncio.sleep(SHORT_SECONDS)
    second = await leases.acquire(name, "two", seconds=30)

    assert (first, refused, second) == (1, None, 2)
    assert not await leases.renew(name, 1, seconds=30)
    assert await leases.renew(name, 2, seconds=30)
    await leases.release(name, 1)
    assert await leases.acquire(name, "one", seconds=30) is None
    await leases.release(name, 2)
    assert await leases.acquire(name, "one", seconds=30) == 3


async def test_a_parked_effect_is_nobodys_for_a_while_and_shown_until_it_is_claimed(
    desk: Desk,
) -> None:
    requested = await desk.request()
    (claimed,) = await desk.claim("one")
    waiting = "SELECT reason, attempts FROM effect_waiting_for_operator WHERE id = $1"

    await desk.store.park(requested.id, claimed.epoch, reason="first", retry_seconds=30.0)
    await desk.store.park(requested.id, claimed.epoch, reason="second", retry_seconds=30.0)
    (shown,) = await desk.world.pool.fetch(waiting, requested.id)
    assert (shown["reason"], shown["attempts"]) == ("second", 2)
    assert await desk.claim("two") == []

    await desk.store.park(requested.id, claimed.epoch, reason="third", retry_seconds=-SHORT_SECONDS)
    assert [each.id for each in await desk.claim("two")] == [requested.id]
    assert await desk.world.pool.fetch(waiting, requested.id) == []
