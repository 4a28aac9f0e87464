"""What only reads is read before the commit of the outcome that asks for it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from domain.provider.effects import EffectKind, effect_id
from domain.provider.handlers import on_built
from domain.provider.payouts import Opened, on_payout_opened
from domain.shared.ids import EffectId
from domain.shared.stream import Stream
from domain.shared.unit import EffectRequested, EffectState
from infrastructure.sagas.effects import (
    AHEAD_SECONDS_MAX,
    Claims,
    EffectExecutor,
    EffectInHand,
)
from infrastructure.sagas.engine import Handler
from tests.unit.domain.payout.test_payouts import SENT, begun
from tests.unit.domain.send.journey import EVERYBODY, Journey
from tests.unit.sagas.stage import Log, log_of, turn

OPENED = Opened(reference="payout-1", deposit_address="there", amount=SENT)
READS = frozenset([EffectKind.BUILD])


async def at_once() -> None:
    """The chain answers."""


async def never() -> None:
    """The chain does not answer."""
    await asyncio.Event().wait()


async def refused() -> None:
    raise OSError("no node")


@dataclass
class Scene:
    """A payout that is just being opened, and what the chain does when it is asked the first time."""

    answers: Callable[[], Awaitable[None]] = at_once
    reads: Collection[str] = READS
    ahead_seconds_max: float = AHEAD_SECONDS_MAX
    journey: Journey = field(default_factory=lambda: begun(Journey(groups=(EVERYBODY,))))
    seen: list[tuple[EffectInHand, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open = effect_id(self.journey.stream.id, EffectKind.PAYOUT_OPEN, 1)
        self.build = effect_id(self.journey.stream.id, EffectKind.BUILD, 1)
        self.log: Log = log_of(self.journey, self.open)
        self.executor = EffectExecutor(
            engine=self.log.engine(),
            owner="test",
            claims=cast("Claims", None),
            handlers={EffectKind.PAYOUT_OPEN: self._opened, EffectKind.BUILD: self._built},
            reads=self.reads,
            ahead_seconds_max=self.ahead_seconds_max,
        )
        self.log.on_leased = self.executor.leased

    async def runs(self) -> None:
        """Until there is nothing left to do."""
        self.executor.leased(self.journey.stream.id, self._requested(self.open), 1)
        await turn()

    def _requested(self, wanted: EffectId) -> EffectRequested:
        requested = [each for unit in self.journey.units for each in unit.effects_requested]
        return next(each for each in requested if each.id == wanted)

    async def _opened(self, effect: EffectInHand, _stream: Stream) -> Handler:
        return lambda stream, facts: on_payout_opened(stream, effect.fence, OPENED, facts)

    async def _built(self, effect: EffectInHand, stream: Stream) -> Handler:
        self.seen.append((effect, [event.type for event in stream.events]))
        answers, self.answers = self.answers, at_once
        await answers()
        message = replace(self.journey.message(), recipient_amount=SENT)
        return lambda known, facts: on_built(known, effect.fence, message, facts)


async def test_what_the_outcome_asks_for_is_read_and_both_are_one_commit() -> None:
    scene = Scene()
    await scene.runs()

    (types,) = scene.log.types
    assert types.index("PayoutOpened") < types.index("UserActionRequired")
    assert scene.log.ended(0) == {scene.open: EffectState.DONE, scene.build: EffectState.DONE}
    # It is stored with the commit that asks for it, as it ended, and nobody carries it out again.
    assert scene.build in [each.id for each in scene.log.units[0].effects_requested]
    assert len(scene.seen) == 1
    assert scene.log.leased == []


async def test_it_is_read_on_the_stream_as_it_will_be() -> None:
    scene = Scene()
    await scene.runs()

    ((_, types),) = scene.seen
    assert "PayoutOpened" not in [event.type for event in scene.journey.stream.events]
    assert "PayoutOpened" in types


@pytest.mark.parametrize(
    ("answers", "ahead_seconds_max"), [(never, 0.0), (refused, AHEAD_SECONDS_MAX)]
)
async def test_what_cannot_be_read_in_time_is_carried_out_after_the_commit(
    answers: Callable[[], Awaitable[None]], ahead_seconds_max: float
) -> None:
    scene = Scene(answers=answers, ahead_seconds_max=ahead_seconds_max)
    await scene.runs()

    first, second = scene.log.types
    assert "PayoutOpened" in first
    assert "UserActionRequired" not in first
    assert "UserActionRequired" in second
    assert scene.log.ended(0) == {scene.open: EffectState.DONE}
    assert scene.log.ended(1) == {scene.build: EffectState.DONE}
    assert [effect.epoch for effect, _ in scene.seen] == [0, 1]


async def test_what_may_change_something_outside_is_never_carried_out_before_its_commit() -> None:
    scene = Scene(reads=())
    await scene.runs()

    assert [effect.epoch for effect, _ in scene.seen] == [1]
    assert [each.id for each in scene.log.leased] == [scene.build]
    assert len(scene.log.units) == 2


async def test_what_was_read_for_a_stream_that_has_gone_on_is_thrown_away() -> None:
    scene = Scene()
    cancelled = scene.journey.cancelled().stream
    scene.log.before_commit = lambda: setattr(scene.log, "stream_", cancelled)
    await scene.runs()

    # Decided again: its user has cancelled meanwhile, so nothing is asked of them any more.
    (types,) = scene.log.types
    assert scene.log.tried == 2
    assert "PayoutOpened" in types
    assert "UserActionRequired" not in types
    assert len(scene.seen) == 1
    assert scene.build not in [each.id for each in scene.log.units[0].effects_requested]


async def test_what_was_read_for_an_outcome_that_is_fenced_out_is_thrown_away() -> None:
    scene = Scene()
    scene.log.before_commit = lambda: scene.log.epochs.update({scene.open: 2})
    await scene.runs()

    assert len(scene.seen) == 1
    assert (scene.log.units, scene.log.tried) == ([], 1)
