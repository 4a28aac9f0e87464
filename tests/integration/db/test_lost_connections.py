"""A commit whose answer never came: repeated, recognised, done once."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.shared.ids import HoldId
from domain.shared.unit import ChainClaim, Committed, KeyConflict, Rejected, Replayed
from infrastructure.db import lane as lane_module
from infrastructure.db.committer import Committer
from infrastructure.db.lane import CommitFailed, DatabaseUnavailable
from infrastructure.db.pool import Connection
from tests.integration.db.units import (
    deposit,
    effect,
    key,
    place,
    stream,
    transfer,
    unit,
    user_account,
)
from tests.integration.db.world import Standing, World


class FaultyConnection:
    """A connection whose next call fails: before it reaches the server, or behind its commit."""

    def __init__(self, real: Connection, faults: "Faults") -> None:
        self._real = real
        self._faults = faults

    async def fetchval(self, *arguments: Any) -> Any:  # noqa: ANN401  as asyncpg's
        self._faults.calls += 1
        if self._faults.before:
            raise self._faults.before.pop()
        answer = await self._real.fetchval(*arguments)
        if self._faults.behind:
            raise self._faults.behind.pop()
        return answer

    async def close(self) -> None:
        await self._real.close()

    def terminate(self) -> None:
        self._real.terminate()


class Faults:
    """What befalls the calls of a committer."""

    def __init__(self) -> None:
        self.before: list[Exception] = []
        self.behind: list[Exception] = []
        self.calls = 0

    async def committer(self, world: World, **options: Any) -> Committer:  # noqa: ANN401  of a Committer
        async def connect() -> Any:  # noqa: ANN401  stands in for a connection
            return FaultyConnection(await world.connect(), self)

        committer = Committer(connect, **options)
        await committer.start()
        world.closing.push_async_callback(committer.close)
        return committer


LOST: list[Callable[[], Exception]] = [
    lambda: ConnectionResetError("reset"),
    lambda: asyncpg.ConnectionDoesNotExistError("gone"),
    lambda: asyncpg.AdminShutdownError("shutting down"),
    lambda: asyncpg.CannotConnectNowError("starting up"),
    TimeoutError,
]


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("when", ["before", "behind"])
async def test_a_commit_across_a_lost_connection_is_done_once(
    world: World, lost: Callable[[], Exception], when: str
) -> None:
    faults, alice = Faults(), user_account()
    committer = await faults.committer(world)
    getattr(faults, when).append(lost())

    result = await committer.commit(unit(None, deposit(alice, 10), place(alice, 4)))

    assert result == Committed()
    assert faults.calls == 2
    assert await world.standing(alice) == Standing(posted=10, held=4)


async def test_whoever_commits_again_by_itself_is_told_committed(world: World) -> None:
    """A process that died behind its commit decides again and comes to the same events."""
    alice = user_account()
    decided = unit(stream(), deposit(alice, 10))
    await world.committer.commit(decided)
    other = await world.another_committer()

    assert await other.commit(decided) == Committed()
    assert await world.standing(alice) == Standing(posted=10)


async def test_a_whole_batch_is_recognised_and_its_late_comers_committed(world: World) -> None:
    faults, alice = Faults(), user_account()
    committer = await faults.committer(world)
    units = [unit(None, deposit(alice, 1)) for _ in range(40)]
    for each in units[:7]:
        await world.committer.commit(each)
    faults.behind.append(ConnectionResetError())

    results = await asyncio.gather(*map(committer.commit, units))

    assert results == [Committed()] * 40
    assert await world.standing(alice) == Standing(posted=40)


async def test_the_writer_of_a_key_is_told_committed_and_another_its_result(world: World) -> None:
    faults, name = Faults(), str(uuid4())
    committer = await faults.committer(world)
    faults.behind.append(ConnectionResetError())
    mine = unit(stream(), key(name, result="mine"))

    assert await committer.commit(mine) == Committed()
    assert await committer.commit(unit(None, key(name))) == Replayed({"made": "mine"})
    assert await committer.commit(unit(None, key(name, body="b"))) == KeyConflict()


async def test_a_claim_that_was_given_to_the_lost_commit_is_no_rejection(world: World) -> None:
    faults = Faults()
    committer = await faults.committer(world)
    faults.behind.append(ConnectionResetError())
    claim = ChainClaim(chain="SOLANA", signature=str(uuid4()), instruction=0, account="A")

    assert await committer.commit(unit(None, claims=(claim,))) == Committed()


async def test_a_balance_that_the_lost_commit_spent_is_no_rejection(world: World) -> None:
    faults, alice = Faults(), user_account()
    committer = await faults.committer(world)
    await world.fund(alice, 10)
    faults.behind.append(ConnectionResetError())

    result = await committer.commit(unit(None, transfer(alice, user_account(), 10)))

    assert result == Committed()
    assert await world.standing(alice) == Standing()


async def test_the_epochs_of_what_was_leased_are_told_again(world: World) -> None:
    faults = Faults()
    committer = await faults.committer(world, lease_owner="me")
    requested = effect()
    faults.behind.append(ConnectionResetError())

    result = await committer.commit(unit(None, effects_requested=(requested,)))

    assert result == Committed({requested.id: 1})


async def test_a_backend_that_is_terminated_in_the_middle_is_replaced(world: World) -> None:
    alice = user_account()
    await world.fund(alice, 1_000)

    async def terminate() -> None:
        for _ in range(10):
            await asyncio.sleep(0.01)
            await world.admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'SELECT commit_units(%'"
            )

    async def spend() -> list[object]:
        return [await world.commit(transfer(alice, user_account(), 1)) for _ in range(60)]

    async with asyncio.TaskGroup() as group:
        spenders = [group.create_task(spend()) for _ in range(4)]
        group.create_task(terminate())

    assert [result for spender in spenders for result in spender.result()] == [Committed()] * 240
    assert await world.standing(alice) == Standing(posted=760)


async def test_a_deadlock_is_tried_again(world: World) -> None:
    faults, alice = Faults(), user_account()
    committer = await faults.committer(world)
    faults.before += [asyncpg.DeadlockDetectedError("deadlock") for _ in range(3)]

    assert await committer.commit(unit(None, deposit(alice, 5))) == Committed()
    assert await world.standing(alice) == Standing(posted=5)


async def test_a_deadlock_without_end_is_a_failure(world: World) -> None:
    faults = Faults()
    committer = await faults.committer(world)
    faults.before += [asyncpg.DeadlockDetectedError("deadlock") for _ in range(10)]

    with pytest.raises(CommitFailed, match="deadlock"):
        await committer.commit(unit())


async def test_a_batch_that_meets_a_foreign_lock_waits_for_it(world: World) -> None:
    alice = user_account()
    await world.fund(alice, 10)
    async with world.admin.transaction():
        await world.admin.execute(
            "SELECT 1 FROM balance WHERE account_id = $1 FOR UPDATE", alice.id
        )
        waiting = asyncio.create_task(world.commit(transfer(alice, user_account(), 10)))
        await asyncio.sleep(0.05)
        assert not waiting.done()

    assert await waiting == Committed()


async def test_without_a_database_the_outcome_is_unknown_not_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "_LOST_SECONDS_MAX", 0.2)
    faults = Faults()
    committer = await faults.committer(world)
    faults.before += [ConnectionRefusedError("nobody listens") for _ in range(100)]

    with pytest.raises(DatabaseUnavailable):
        await committer.commit(unit())

    faults.before.clear()
    assert await committer.commit(unit()) == Committed()


async def test_a_rejected_unit_is_rejected_again_after_a_lost_answer(world: World) -> None:
    faults, alice = Faults(), user_account()
    committer = await faults.committer(world)
    faults.behind.append(ConnectionResetError())

    result = await committer.commit(unit(None, place(alice, 1, hold_id=HoldId(uuid4()))))

    assert result == Rejected("INSUFFICIENT_BALANCE", alice.code)
