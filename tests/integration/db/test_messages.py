"""What providers told by themselves: stored once, with what else is committed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.shared.unit import (
    Committed,
    EffectMoved,
    EffectRequested,
    EffectState,
    Group,
    Message,
    Stale,
)
from infrastructure.db import committer as committing
from infrastructure.db.effects import EffectStore
from infrastructure.db.inbox import Inbox
from tests.integration.db.units import deposit, effect, stream, unit, user_account
from tests.integration.db.world import World

LATER = timedelta(hours=1)


def message(reference: str | None = "ref", name: str | None = None) -> Message:
    return Message(
        source="bridge",
        message_id=name or uuid4().hex,
        headers={"content-type": "application/json"},
        body="{}",
        reference=reference,
    )


async def stored(world: World, told: Message) -> list[bool]:
    rows = await world.pool.fetch(
        "SELECT readable FROM inbox WHERE source = $1 AND message_id = $2",
        told.source,
        told.message_id,
    )
    return [row["readable"] for row in rows]


async def xid(world: World, told: Message) -> str:
    found: str = await world.pool.fetchval(
        "SELECT xmin::text FROM inbox WHERE message_id = $1", told.message_id
    )
    return found


async def check_of(world: World, reference: str) -> EffectRequested:
    """An effect that waits for what the reference names, due much later."""
    stream_id = stream()
    requested = replace(
        effect(),
        request={"provider": "bridge", "reference": reference},
        due_at=datetime.now(UTC) + LATER,
    )
    await world.committer.commit(unit(stream_id, effects_requested=(requested,)))
    return requested


async def due(world: World, requested: EffectRequested) -> bool:
    found: bool = await world.pool.fetchval(
        "SELECT due_at <= clock_timestamp() FROM effect WHERE id = $1", requested.id
    )
    return found


async def test_a_message_goes_with_what_is_committed_next(world: World) -> None:
    told = message()
    riding = asyncio.create_task(world.committer.ride(told))
    await asyncio.sleep(0)

    await world.commit(deposit(user_account(), 1))

    assert await riding
    same = "SELECT count(*) FROM outbox WHERE xid::text = $1"
    assert await world.pool.fetchval(same, await xid(world, told)) > 0


async def test_without_company_it_goes_alone_and_many_go_together(world: World) -> None:
    told = [message() for _ in range(5)]
    begun = asyncio.get_running_loop().time()

    assert all(await asyncio.gather(*(world.committer.ride(each) for each in told)))

    took = asyncio.get_running_loop().time() - begun
    assert took >= committing.RIDE_SECONDS * 0.9
    assert len({await xid(world, each) for each in told}) == 1


async def test_it_goes_with_a_batch_of_which_everything_is_refused(world: World) -> None:
    stream_id, told = stream(), message()
    late = unit(stream_id, after=3)
    riding = asyncio.create_task(world.committer.ride(told))
    await asyncio.sleep(0)

    assert await world.committer.commit(late) == Stale("stream")

    assert await riding
    assert await stored(world, told) == [True]


async def test_the_same_message_is_stored_once_however_it_comes(world: World) -> None:
    told, stream_id = message(), stream()

    assert await world.committer.ride(told)
    assert await world.committer.ride(told)
    answered = replace(told, answered=True)
    result = await world.committer.commit(unit(stream_id, messages=(answered,)))

    assert result == Committed()
    assert not await Inbox(world.pool).receive(told)
    assert await stored(world, told) == [True]


async def test_what_nobody_can_read_is_marked(world: World) -> None:
    told = message(reference=None)
    assert await world.committer.ride(told)
    assert await stored(world, told) == [False]


async def test_a_hint_makes_what_waits_for_it_due_unless_it_was_looked_at(world: World) -> None:
    hinted, looked_at = [await check_of(world, name) for name in ("hinted", "looked at")]

    await world.committer.ride(message("hinted"))
    await world.committer.ride(replace(message("looked at"), answered=True))

    assert [await due(world, each) for each in (hinted, looked_at)] == [True, False]


async def test_what_awaits_a_message(world: World) -> None:
    inbox, told = Inbox(world.pool), message("awaited")
    assert (await inbox.awaiting(told)).effect is None
    requested = await check_of(world, "awaited")

    awaiting = await inbox.awaiting(told)

    assert awaiting.effect is not None
    assert (awaiting.effect.id, awaiting.effect.epoch) == (requested.id, 0)
    assert not awaiting.is_known
    assert not awaiting.is_held
    assert (await inbox.awaiting(replace(told, source="due"))).effect is None

    assert await inbox.receive(told)
    # Other tests left many that are due as well
    while await EffectStore(world.pool).claim("one", tuple(Group), limit=999, lease_seconds=30):
        pass
    awaiting = await inbox.awaiting(told)
    assert (awaiting.is_known, awaiting.is_held) == (True, True)


async def test_an_effect_that_was_carried_out_before_is_stored_as_it_ended(world: World) -> None:
    stream_id = stream()
    done, later = effect(), effect()
    again_at = datetime.now(UTC) + LATER
    committer = await world.another_committer(lease_owner="one")

    result = await committer.commit(
        unit(
            stream_id,
            effects_requested=(done, later),
            effects_moved=(
                EffectMoved(id=done.id, state=EffectState.DONE, epoch=0, response={"a": 1}),
                EffectMoved(id=later.id, state=EffectState.INTENT, epoch=0, due_at=again_at),
            ),
        )
    )

    assert result == Committed()
    rows = await world.pool.fetch(
        "SELECT id, state, response, due_at, unanswered FROM effect WHERE stream_id = $1", stream_id
    )
    found = {row["id"]: row for row in rows}
    assert (found[done.id]["state"], found[done.id]["response"]) == ("DONE", {"a": 1})
    assert (found[later.id]["state"], found[later.id]["due_at"]) == ("INTENT", again_at)
    assert not any(row["unanswered"] for row in rows)
