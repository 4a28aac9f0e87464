"""What a commit answers, and that a refused Unit changes nothing."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.shared.unit import (
    ChainClaim,
    Committed,
    Group,
    KeyConflict,
    Posting,
    Rejected,
    Replayed,
    Stale,
    TransactionMoved,
)
from infrastructure.db.checks import InvalidUnit
from infrastructure.db.committer import Committer
from infrastructure.db.lane import CommitFailed
from infrastructure.db.pool import connect
from infrastructure.db.streams import StreamReader
from tests.integration.db.units import (
    Parts,
    deposit,
    event,
    key,
    place,
    stream,
    transfer,
    unit,
    user_account,
)
from tests.integration.db.world import Standing, World


async def test_a_unit_is_stored_whole(world: World) -> None:
    alice, stream_id = user_account(), stream()
    beyond = user_account(floor=None)

    result = await world.committer.commit(
        unit(stream_id, transfer(beyond, alice, 100), events=3, handled={Group.WALLET: (0, 2)})
    )

    assert result == Committed()
    assert await world.standing(alice) == Standing(posted=100)
    assert await world.standing(beyond) == Standing(posted=-100)
    loaded = await StreamReader(world.pool).stream(stream_id)
    assert loaded is not None
    assert [event.sequence for event in loaded.events] == [1, 2, 3]
    assert loaded.handled == {Group.WALLET: 2}


async def test_amounts_of_38_digits_survive(world: World) -> None:
    whale = user_account()
    amount = 10**38 - 1

    await world.commit(transfer(user_account(floor=None), whale, amount))

    assert await world.standing(whale) == Standing(posted=amount)


async def test_a_stream_that_went_on_makes_a_decision_stale(world: World) -> None:
    stream_id = stream()
    await world.committer.commit(unit(stream_id, decision="mine"))

    result = await world.committer.commit(unit(stream_id, decision="other"))

    assert result == Stale("stream")
    assert await world.events(stream_id) == [event(stream_id, 1, decision="mine").id]


async def test_a_decision_ahead_of_its_stream_is_stale(world: World) -> None:
    assert await world.committer.commit(unit(stream(), after=2)) == Stale("stream")


@pytest.mark.parametrize("moved", [(0, 1), (1, 2), (2, 3)])
async def test_a_handled_mark_moves_only_from_where_it_stands(
    world: World, moved: tuple[int, int]
) -> None:
    stream_id = stream()
    await world.committer.commit(unit(stream_id, events=3, handled={Group.WALLET: (0, 1)}))

    result = await world.committer.commit(
        unit(stream_id, after=3, events=0, handled={Group.WALLET: moved})
    )

    assert result == (Committed() if moved == (1, 2) else Stale("handled"))


async def test_two_groups_move_their_marks_side_by_side(world: World) -> None:
    stream_id = stream()
    await world.committer.commit(unit(stream_id, events=2))
    for group in (Group.WALLET, Group.PROVIDER):
        moved = unit(stream_id, after=2, events=0, handled={group: (0, 2)})
        assert await world.committer.commit(moved) == Committed()

    loaded = await StreamReader(world.pool).stream(stream_id)

    assert loaded is not None
    assert loaded.handled == {Group.WALLET: 2, Group.PROVIDER: 2}


async def test_a_floor_rejects_and_names_the_account(world: World) -> None:
    alice, bob = user_account(), user_account()
    await world.fund(alice, 99)

    result = await world.commit(transfer(alice, bob, 100))

    assert result == Rejected("INSUFFICIENT_BALANCE", alice.code)
    assert await world.standing(alice) == Standing(posted=99)
    assert await world.standing(bob) == Standing()


async def test_the_very_balance_may_be_spent(world: World) -> None:
    alice, bob = user_account(), user_account()
    await world.fund(alice, 100)

    assert await world.commit(transfer(alice, bob, 100)) == Committed()
    assert await world.standing(alice) == Standing()


async def test_an_account_may_have_a_floor_of_its_own(world: World) -> None:
    overdraft = user_account(floor=-50)

    assert await world.commit(transfer(overdraft, user_account(), 50)) == Committed()
    result = await world.commit(transfer(overdraft, user_account(), 1))

    assert result == Rejected("INSUFFICIENT_BALANCE", overdraft.code)


async def test_a_claim_is_given_once_for_ever(world: World) -> None:
    alice = user_account()
    claim = ChainClaim(chain="SOLANA", signature=str(uuid4()), instruction=0, account="Acc")
    other = replace(claim, instruction=1)
    before = datetime.now(UTC)
    first = unit(stream(), deposit(alice, 10), claims=(claim,))
    assert await world.committer.commit(first) == Committed()

    again = await world.commit(deposit(alice, 10), claims=(claim,))
    next_instruction = await world.commit(deposit(alice, 10), claims=(other,))

    assert isinstance(again, Rejected)
    assert (again.reason, again.account) == ("ALREADY_BOOKED", "Acc")
    assert again.booked is not None
    assert again.booked.stream_id == first.stream_id
    assert before <= again.booked.at <= datetime.now(UTC)
    assert next_instruction == Committed()
    assert await world.standing(alice) == Standing(posted=20)


async def test_a_key_with_the_same_input_gives_the_first_result_again(world: World) -> None:
    alice, name = user_account(), str(uuid4())
    await world.commit(deposit(alice, 10), key(name, result="first"))

    result = await world.commit(deposit(alice, 10), key(name, result="second"))

    assert result == Replayed({"made": "first"})
    assert await world.standing(alice) == Standing(posted=10)


async def test_a_key_with_another_input_conflicts(world: World) -> None:
    name, second = str(uuid4()), stream()
    await world.commit(key(name, body="a"))

    assert await world.committer.commit(unit(second, key(name, body="b"))) == KeyConflict()
    assert await world.events(second) == []


async def test_the_same_key_of_another_name_is_another_key(world: World) -> None:
    assert await world.commit(key(str(uuid4()))) == Committed()
    assert await world.commit(key(str(uuid4()))) == Committed()


async def test_a_key_is_free_again_when_its_unit_was_rejected(world: World) -> None:
    alice, name = user_account(), str(uuid4())
    poor = await world.commit(place(alice, 10), key(name))
    await world.fund(alice, 10)

    assert poor == Rejected("INSUFFICIENT_BALANCE", alice.code)
    assert await world.commit(place(alice, 10), key(name)) == Committed()


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_concurrent_twin_waits_and_replays(world: World, processes: int) -> None:
    others = [world.committer] + [await world.another_committer() for _ in range(processes - 1)]
    alice, name = user_account(), str(uuid4())

    results = await asyncio.gather(
        *(
            others[n % processes].commit(unit(None, deposit(alice, 5), key(name, result=str(n))))
            for n in range(16)
        )
    )

    assert results.count(Committed()) == 1
    winner = results.index(Committed())
    assert [r for r in results if r != Committed()] == [Replayed({"made": str(winner)})] * 15
    assert await world.standing(alice) == Standing(posted=5)


async def test_a_unit_that_contradicts_itself_is_never_sent(world: World) -> None:
    unbalanced = {"postings": (Posting(account=user_account(), posted=1),)}

    with pytest.raises(InvalidUnit):
        await world.commit(unbalanced)


async def test_what_no_result_stands_for_fails_alone(world: World) -> None:
    never_opened = TransactionMoved(state="FAILED", sub_state=None)

    with pytest.raises(CommitFailed, match="never opened"):
        await world.commit(transaction=never_opened)


async def test_a_committer_commits_what_waits_before_it_closes(world: World) -> None:
    told: list[int] = []
    committer = Committer(
        lambda: connect(world.database.app_url), after_commit=lambda units: told.append(len(units))
    )
    await committer.start()
    waiting = [asyncio.create_task(committer.commit(unit())) for n in range(40)]
    await asyncio.sleep(0)

    await committer.close()

    assert await asyncio.gather(*waiting) == [Committed()] * 40
    assert sum(told) == 40


async def test_a_quote_is_used_by_one_key(world: World) -> None:
    quote = await a_quote(world)
    once, twice = stream(), stream()

    first = await world.committer.commit(unit(once, quoted("quoted-1", quote)))
    again = await world.committer.commit(unit(stream(), quoted("quoted-1", quote)))
    second = await world.committer.commit(unit(twice, quoted("quoted-2", quote)))

    assert first == Committed()
    assert again == Replayed({"made": "first"})
    assert second == Rejected("TXN_QUOTE_USED", str(quote))
    assert await StreamReader(world.pool).stream(twice) is None


async def test_one_of_many_at_once_uses_a_quote(world: World) -> None:
    quote = await a_quote(world)
    committers = [world.committer, await world.another_committer()]

    results = await asyncio.gather(
        *(
            committers[number % 2].commit(unit(stream(), quoted(f"at-once-{number}", quote)))
            for number in range(12)
        )
    )

    assert results.count(Committed()) == 1
    assert results.count(Rejected("TXN_QUOTE_USED", str(quote))) == 11


async def test_a_quote_that_is_over_or_unknown_begins_nothing(world: World) -> None:
    for quote in (await a_quote(world, lasts="-1 second"), uuid4()):
        result = await world.committer.commit(unit(stream(), quoted(str(quote), quote)))

        assert result == Rejected("TXN_QUOTE_EXPIRED", str(quote))


def quoted(name: str, quote: UUID) -> Parts:
    claim = key(name)["key"]
    return {"key": replace(claim, quote_id=quote)}


async def a_quote(world: World, *, lasts: str = "1 minute") -> UUID:
    quote = uuid4()
    await world.pool.execute(
        "INSERT INTO quote (id, user_id, operation, input_hash, provider, terms, expires_at) "
        "VALUES ($1, $1, 'send', 'a', 'first', '{}', clock_timestamp() + $2::text::interval)",
        quote,
        lasts,
    )
    return quote
