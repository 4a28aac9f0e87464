"""Holds: what they keep from being spent, and how they end in parts, never beyond their amount."""

import asyncio
from uuid import uuid4

import pytest

from domain.shared.ids import HoldId
from domain.shared.unit import Committed, HoldKind, Posting, Rejected
from infrastructure.db.checks import InvalidUnit
from infrastructure.db.lane import CommitFailed
from tests.integration.db.units import (
    deposit,
    mirror,
    place,
    settle,
    transfer,
    unit,
    user_account,
)
from tests.integration.db.world import Standing, World


@pytest.mark.parametrize("kind", [HoldKind.HARD, HoldKind.SOFT])
async def test_what_is_held_cannot_be_spent(world: World, kind: HoldKind) -> None:
    alice, bob = user_account(), user_account()
    await world.fund(alice, 100)
    await world.commit(place(alice, 60, kind=kind))

    beyond = await world.commit(transfer(alice, bob, 41))
    within = await world.commit(transfer(alice, bob, 40))

    assert (beyond, within) == (Rejected("INSUFFICIENT_BALANCE", alice.code), Committed())


@pytest.mark.parametrize("kind", [HoldKind.HARD, HoldKind.SOFT])
async def test_a_hold_needs_what_it_holds(world: World, kind: HoldKind) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.fund(alice, 10)

    result = await world.commit(place(alice, 11, hold_id=hold_id, kind=kind))

    assert result == Rejected("INSUFFICIENT_BALANCE", alice.code)
    assert await world.standing(alice) == Standing(posted=10)


async def test_what_is_incoming_is_shown_but_not_spendable(world: World) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.commit(place(alice, 50, hold_id=hold_id, kind=HoldKind.INCOMING))
    assert await world.standing(alice) == Standing(incoming=50)

    early = await world.commit(transfer(alice, user_account(), 1))
    await world.commit(settle(alice, hold_id, captured=50, kind=HoldKind.INCOMING))

    assert early == Rejected("INSUFFICIENT_BALANCE", alice.code)
    assert await world.standing(alice) == Standing(posted=50)


async def test_a_hold_is_captured_and_released_in_parts(world: World) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.fund(alice, 100)
    await world.commit(place(alice, 90, hold_id=hold_id))

    await world.commit(settle(alice, hold_id, captured=30))
    await world.commit(settle(alice, hold_id, captured=20, released=15))
    assert await world.standing(alice) == Standing(posted=50, held=25)
    await world.commit(settle(alice, hold_id, released=25))

    assert await world.hold(hold_id) == (90, 50, 40)
    assert await world.standing(alice) == Standing(posted=50)


async def test_principal_and_fees_are_two_holds_of_one_unit(world: World) -> None:
    alice = user_account()
    principal, fees = HoldId(uuid4()), HoldId(uuid4())
    await world.fund(alice, 100)
    await world.commit(place(alice, 90, hold_id=principal), place(alice, 10, hold_id=fees))
    assert await world.standing(alice) == Standing(posted=100, held=100)

    await world.commit(settle(alice, principal, captured=90), settle(alice, fees, released=10))

    assert await world.standing(alice) == Standing(posted=10)


@pytest.mark.parametrize(("captured", "released"), [(101, 0), (0, 101), (60, 41), (100, 1)])
async def test_a_hold_never_ends_beyond_its_amount(
    world: World, captured: int, released: int
) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.fund(alice, 1_000)
    await world.commit(place(alice, 100, hold_id=hold_id), place(alice, 500))

    with pytest.raises(CommitFailed, match="hold_within_amount"):
        await world.commit(settle(alice, hold_id, captured=captured, released=released))

    assert await world.hold(hold_id) == (100, 0, 0)
    assert await world.standing(alice) == Standing(posted=1_000, held=600)


async def test_a_hold_that_has_ended_does_not_end_again(world: World) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.fund(alice, 200)
    await world.commit(place(alice, 100, hold_id=hold_id), place(alice, 100))
    await world.commit(settle(alice, hold_id, captured=100))

    with pytest.raises(CommitFailed, match="hold_within_amount"):
        await world.commit(settle(alice, hold_id, released=1))


async def test_a_hold_ends_as_the_kind_that_it_is_and_where_it_is(world: World) -> None:
    alice, bob, hold_id = user_account(), user_account(), HoldId(uuid4())
    await world.fund(alice, 200)
    await world.fund(bob, 200)
    await world.commit(place(alice, 50, hold_id=hold_id), place(alice, 50, kind=HoldKind.SOFT))
    await world.commit(place(bob, 50))

    for wrong in (
        settle(alice, hold_id, released=50, kind=HoldKind.SOFT),
        settle(bob, hold_id, released=50),
        settle(alice, HoldId(uuid4()), released=50),
    ):
        with pytest.raises(CommitFailed, match="does not exist as described"):
            await world.commit(wrong)


async def test_a_hold_is_placed_once(world: World) -> None:
    alice, hold_id = user_account(), HoldId(uuid4())
    await world.fund(alice, 100)
    await world.commit(place(alice, 10, hold_id=hold_id))

    with pytest.raises(CommitFailed, match="hold_pkey"):
        await world.commit(place(alice, 10, hold_id=hold_id))


async def test_a_hold_that_its_posting_does_not_mirror_is_never_sent(world: World) -> None:
    alice = user_account()
    without = {"holds_placed": place(alice, 10)["holds_placed"]}
    less = {**without, "postings": (mirror(alice, HoldKind.HARD, 9),)}
    other = {**without, "postings": (mirror(alice, HoldKind.SOFT, 10),)}

    for wrong in (without, less, other, {"postings": (Posting(account=alice, held=1),)}):
        with pytest.raises(InvalidUnit):
            await world.commit(wrong)


@pytest.mark.parametrize(("available", "amount"), [(1_000, 30), (64, 1), (5, 7)])
async def test_of_64_holds_at_once_as_many_succeed_as_are_covered(
    world: World, available: int, amount: int
) -> None:
    """Four processes' worth of committers, each with two connections."""
    alice = user_account()
    await world.fund(alice, available)
    committers = [await world.another_committer(lanes=2) for _ in range(4)]
    units = [unit(None, place(alice, amount)) for _ in range(64)]

    results = await asyncio.gather(
        *(committers[n % 4].commit(each) for n, each in enumerate(units))
    )

    covered = min(64, available // amount)
    assert results.count(Committed()) == covered
    assert results.count(Rejected("INSUFFICIENT_BALANCE", alice.code)) == 64 - covered
    assert await world.standing(alice) == Standing(posted=available, held=covered * amount)


async def test_of_64_transfers_at_once_as_many_arrive_as_are_covered(world: World) -> None:
    alice, bob = user_account(), user_account()
    await world.commit(deposit(alice, 100))
    committers = [await world.another_committer() for _ in range(8)]

    results = await asyncio.gather(
        *(committers[n % 8].commit(unit(None, transfer(alice, bob, 9))) for n in range(64))
    )

    assert results.count(Committed()) == 11
    assert await world.standing(alice) == Standing(posted=1)
    assert await world.standing(bob) == Standing(posted=99)
