"""Many units in one call: each gets its own answer, whatever becomes of its neighbours."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from domain.shared.unit import (
    CommitResult,
    Committed,
    KeyConflict,
    Rejected,
    Replayed,
    Stale,
    TransactionMoved,
    Unit,
)
from infrastructure.db.committer import WAITING_UNITS_MAX, CommitterOverloaded
from infrastructure.db.encoding import CALL_UNITS_MAX, encode_batch, encode_unit
from infrastructure.db.lane import CommitFailed, Lane, Outcome
from tests.integration.db.units import (
    deposit,
    key,
    place,
    stream,
    transfer,
    unit,
    user_account,
)
from tests.integration.db.world import Standing, World


async def as_one_batch(world: World, units: Sequence[Unit]) -> list[Outcome]:
    lane = Lane(world.connect, lease_owner=None, lease_seconds=30)
    try:
        outcomes, _ = await lane.commit([(each, encode_unit(each)) for each in units])
        return outcomes
    finally:
        await lane.disconnect()


async def test_a_batch_is_one_transaction(world: World) -> None:
    alice = user_account()
    units = [unit(None, deposit(alice, 1)) for _ in range(32)]

    outcomes = await as_one_batch(world, units)

    assert outcomes == [Committed()] * 32
    transactions = "SELECT count(DISTINCT xid) FROM outbox WHERE stream_id = ANY ($1)"
    assert await world.pool.fetchval(transactions, [each.stream_id for each in units]) == 1
    assert await world.standing(alice) == Standing(posted=32)


async def test_every_kind_of_answer_in_one_batch(world: World) -> None:
    rich, poor = user_account(), user_account()
    await world.fund(rich, 100)
    replayed, conflict = str(uuid4()), str(uuid4())
    await world.commit(key(replayed, result="first"))
    await world.commit(key(conflict, body="a"))
    stale = stream()
    await world.committer.commit(unit(stale, decision="first"))

    outcomes = await as_one_batch(
        world,
        [
            unit(None, transfer(rich, poor, 10), key(str(uuid4()))),
            unit(None, key(replayed, result="second"), transfer(rich, poor, 10)),
            unit(None, key(conflict, body="b"), transfer(rich, poor, 10)),
            unit(stale, transfer(rich, poor, 10), decision="second"),
            unit(None, transfer(rich, poor, 1_000)),
            unit(None, transfer(rich, poor, 10)),
        ],
    )

    expected: list[CommitResult] = [
        Committed(),
        Replayed({"made": "first"}),
        KeyConflict(),
        Stale("stream"),
        Rejected("INSUFFICIENT_BALANCE", rich.code),
        Committed(),
    ]
    assert outcomes == expected
    assert await world.standing(rich) == Standing(posted=80)
    assert await world.standing(poor) == Standing(posted=20)


async def test_units_are_decided_in_the_order_of_the_batch(world: World) -> None:
    alice, bob, carol = user_account(), user_account(), user_account()
    await world.fund(alice, 10)

    outcomes = await as_one_batch(
        world,
        [
            unit(None, transfer(bob, carol, 10)),  # nothing there yet
            unit(None, transfer(alice, bob, 10)),
            unit(None, transfer(bob, carol, 10)),  # covered by the one before
            unit(None, transfer(bob, carol, 10)),  # spent by the one before
        ],
    )

    short = Rejected("INSUFFICIENT_BALANCE", bob.code)
    assert outcomes == [short, Committed(), Committed(), short]
    assert await world.standing(carol) == Standing(posted=10)


async def test_what_depends_on_a_refused_unit_is_refused_too(world: World) -> None:
    alice, bob, carol = user_account(), user_account(), user_account()

    outcomes = await as_one_batch(
        world, [unit(None, transfer(alice, bob, 5)), unit(None, transfer(bob, carol, 5))]
    )

    assert outcomes == [
        Rejected("INSUFFICIENT_BALANCE", alice.code),
        Rejected("INSUFFICIENT_BALANCE", bob.code),
    ]
    assert await world.standing(carol) == Standing()


async def test_of_a_full_batch_on_one_account_as_many_pass_as_are_covered(world: World) -> None:
    alice = user_account()
    await world.fund(alice, 100)

    outcomes = await as_one_batch(world, [unit(None, place(alice, 7)) for _ in range(32)])

    assert outcomes[:14] == [Committed()] * 14
    assert outcomes[14:] == [Rejected("INSUFFICIENT_BALANCE", alice.code)] * 18
    assert await world.standing(alice) == Standing(posted=100, held=98)


@pytest.mark.parametrize("place_of_the_bad_one", [0, 15, 31])
async def test_a_unit_that_the_database_refuses_fails_alone(
    world: World, place_of_the_bad_one: int
) -> None:
    alice = user_account()
    bad = unit(None, transaction=TransactionMoved(state="FAILED", sub_state=None))
    units = [unit(None, deposit(alice, 1)) for _ in range(31)]
    units.insert(place_of_the_bad_one, bad)

    outcomes = await as_one_batch(world, units)

    assert isinstance(outcomes.pop(place_of_the_bad_one), CommitFailed)
    assert outcomes == [Committed()] * 31
    assert await world.standing(alice) == Standing(posted=31)


async def test_units_of_one_stream_follow_each_other(world: World) -> None:
    stream_id, alice = stream(), user_account()
    units = [unit(stream_id, deposit(alice, 1), after=n) for n in range(20)]

    results = await asyncio.gather(*map(world.committer.commit, units))

    assert results == [Committed()] * 20


async def test_several_lanes_share_the_work(world: World) -> None:
    committer = await world.another_committer(lanes=3)
    alice, bob = user_account(), user_account()
    await world.fund(alice, 1_000)
    units = [
        unit(None, transfer(alice, bob, 2) if n % 2 else transfer(bob, alice, 1))
        for n in range(300)
    ]

    results = await asyncio.gather(*map(committer.commit, units))

    moved = sum(1 for n, r in enumerate(results) if n % 2 and r == Committed())
    back = sum(1 for n, r in enumerate(results) if not n % 2 and r == Committed())
    assert moved == 150
    assert await world.standing(alice) == Standing(posted=1_000 - 2 * moved + back)


async def test_a_caller_that_gives_up_hurts_nobody(world: World) -> None:
    tasks = [asyncio.create_task(world.commit()) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert results[1::2] == [Committed()] * 25
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])


async def test_a_committer_takes_no_more_than_it_can_keep(world: World) -> None:
    waiting = [asyncio.ensure_future(world.commit()) for _ in range(WAITING_UNITS_MAX)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(CommitterOverloaded):
            await world.commit()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_closed_committer_takes_nothing(world: World) -> None:
    committer = await world.another_committer()
    await committer.close()

    with pytest.raises(CommitterOverloaded):
        await committer.commit(unit())


async def test_the_database_bounds_a_batch(world: World) -> None:
    units = [encode_unit(unit()) for _ in range(CALL_UNITS_MAX + 1)]
    document = encode_batch(units, []).decode()

    with pytest.raises(Exception, match="more than 32 units"):
        await world.admin.execute(f"SELECT commit_units('{document}')")
