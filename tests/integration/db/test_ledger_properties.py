"""Whatever is done to it, the ledger answers and stands as its model in plain Python does."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from domain.shared.ids import HoldId, StreamId
from domain.shared.unit import Committed, Rejected, Unit
from infrastructure.db.committer import BATCH_UNITS_MAX, Committer
from infrastructure.db.lane import CommitFailed
from infrastructure.db.pool import Connection
from tests.integration.db.ledger_model import DEFECT, Answer, Defect, Ledger
from tests.integration.db.ledger_programs import (
    Program,
    Round,
    rounds,
    steps,
    steps_of_one_cause,
)
from tests.integration.db.units import WORLD, deposit, place, settle, unit, user_account
from tests.integration.db.world import World

COMMITTERS: Final = 4
ANSWERS: Final = {
    "Committed",
    "Replayed",
    "KeyConflict",
    "Stale",
    "INSUFFICIENT_BALANCE",
    "ALREADY_BOOKED",
    "CommitFailed",
}
ENTRIES: Final = """
    SELECT j.stream_id, e.account_id FROM journal j
    JOIN entry e ON e.journal_id = j.id AND e.account_id = ANY (j.accounts)
    WHERE j.stream_id = ANY ($1) ORDER BY e.account_id, e.sequence
"""

# One world serves all programs of a test: each has accounts, keys and claims of its own. A program
# that fails is the same each time; making it smaller takes minutes (add Phase.shrink for that).
examples = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Recorded:
    """A connection that notes whose units were in the calls that were answered, in order."""

    def __init__(self, real: Connection, calls: list[list[StreamId]]) -> None:
        self._real = real
        self._calls = calls

    async def fetchval(self, query: str, batch: msgspec.Raw, *more: Any) -> Any:  # noqa: ANN401  as asyncpg's
        units = msgspec.json.decode(batch)["units"]
        call = [StreamId(UUID(each["stream_id"])) for each in units]
        try:
            answer = await self._real.fetchval(query, batch, *more)
        except Exception:
            # Of a call that failed each unit is sent again, alone.
            self._calls.extend([call] if len(call) == 1 else [])
            raise
        self._calls.append(call)
        return answer

    async def close(self) -> None:
        await self._real.close()

    def terminate(self) -> None:
        self._real.terminate()


@pytest.fixture
def answered() -> Iterator[Counter[str]]:
    """Counts what programs were answered: unless that was everything, they showed little."""
    counted: Counter[str] = Counter()
    yield counted
    assert set(counted) == ANSWERS


@dataclass(slots=True)
class Watched:
    """A committer with one connection, and the streams of the units in each of its calls."""

    committer: Committer
    calls: list[list[StreamId]]


@pytest.fixture
async def watched(own_world: World) -> AsyncIterator[Watched]:
    calls: list[list[StreamId]] = []

    async def connect() -> Any:  # noqa: ANN401  stands in for a connection
        return Recorded(await own_world.connect(), calls)

    committer = Committer(connect)
    await committer.start()
    yield Watched(committer, calls)
    await committer.close()
    assert max(map(len, calls)) == BATCH_UNITS_MAX


@pytest.fixture
async def committers(own_world: World) -> list[Committer]:
    return [await own_world.another_committer() for _ in range(COMMITTERS)]


@settings(examples, max_examples=100)
@given(program=rounds(steps))
async def test_every_answer_and_every_balance_is_the_model_s(
    own_world: World, watched: Watched, answered: Counter[str], program: Sequence[Round]
) -> None:
    """One committer: the model takes the units in the order in which they reached PostgreSQL."""
    ledger = await ledger_of(own_world)
    made = Program(ledger)
    for at_once in program:
        units = made.decided(at_once)
        first = len(watched.calls)
        answers = await asyncio.gather(*(answer_of(watched.committer, each) for each in units))
        predicted = {n: ledger.commit(units[n]) for n in in_order(units, watched.calls[first:])}
        assert dict(enumerate(answers)) == predicted
        answered.update(map(name_of, answers))
    await assert_it_stands(own_world, made)


@settings(examples, max_examples=50)
@given(program=rounds(steps_of_one_cause))
async def test_what_several_processes_do_has_an_order_that_the_model_takes(
    own_world: World,
    committers: Sequence[Committer],
    answered: Counter[str],
    program: Sequence[Round],
) -> None:
    """Nobody knows in which order their units were decided but the ledger itself, by its entries:
    there is one, all that was committed fits it, and so does each refusal at some point of it."""
    ledger = await ledger_of(own_world)
    made = Program(ledger)
    for at_once in program:
        units = made.decided(at_once)
        answers = await asyncio.gather(
            *(answer_of(committers[n % COMMITTERS], each) for n, each in enumerate(units))
        )
        committed = {
            each.stream_id: each
            for each, answer in zip(units, answers, strict=True)
            if answer == Committed() and each.stream_id not in ledger.streams
        }
        possible = [[ledger.answer(each)] for each in units]
        for stream_id in await serial_order(own_world, committed):
            assert ledger.commit(committed[stream_id]) == Committed()
            for each, found in zip(units, possible, strict=True):
                found.append(ledger.answer(each))
        for answer, found in zip(answers, possible, strict=True):
            assert answer in found
        answered.update(map(name_of, answers))
    await assert_it_stands(own_world, made)


async def test_a_hold_that_is_settled_before_it_is_placed_is_a_defect_in_one_call_too(
    broken_world: World,
) -> None:
    """Programs settle what was placed in an earlier round, as handlers do."""
    ledger, account, hold_id = Ledger(), user_account(), HoldId(uuid4())
    steps_at_once = [deposit(account, 10), settle(account, hold_id, captured=5)]
    steps_at_once += [place(account, 10, hold_id=hold_id)]
    units = [unit(None, parts) for parts in steps_at_once]

    answers = await asyncio.gather(*(answer_of(broken_world.committer, each) for each in units))

    assert answers == [ledger.commit(each) for each in units]
    assert await broken_world.violations() == []


async def ledger_of(world: World) -> Ledger:
    """A model that knows what the world beyond has given to programs before."""
    ledger = Ledger()
    ledger.standings[WORLD] = await world.standing(WORLD)
    return ledger


async def answer_of(committer: Committer, decided: Unit) -> Answer:
    try:
        return await committer.commit(decided)
    except CommitFailed:
        return DEFECT


def in_order(units: Sequence[Unit], calls: Sequence[Sequence[StreamId]]) -> Iterator[int]:
    """The places of the units in the order of the calls; units of one stream keep theirs."""
    places: defaultdict[StreamId, deque[int]] = defaultdict(deque)
    for number, each in enumerate(units):
        places[each.stream_id].append(number)
    return (places[stream_id].popleft() for call in calls for stream_id in call)


async def serial_order(world: World, committed: Mapping[StreamId, Unit]) -> list[StreamId]:
    """One in which on every account the entries follow each other; raises where there is none."""
    sorter: TopologicalSorter[StreamId] = TopologicalSorter(dict.fromkeys(committed, ()))
    rows = await world.pool.fetch(ENTRIES, list(committed))
    for before, after in pairwise(rows):
        if before["account_id"] == after["account_id"]:
            sorter.add(after["stream_id"], before["stream_id"])
    return list(sorter.static_order())


async def assert_it_stands(world: World, program: Program) -> None:
    for account in program.accounts:
        assert await world.standing(account) == program.ledger.standings[account]
    for hold_id, left in program.ledger.left.items():
        amount, captured, released = await world.hold(hold_id)
        assert amount - captured - released == left
    assert await world.violations() == []


def name_of(answer: Answer) -> str:
    if isinstance(answer, Rejected):
        return answer.reason
    return answer.value if isinstance(answer, Defect) else type(answer).__name__
