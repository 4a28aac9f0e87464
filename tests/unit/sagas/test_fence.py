"""Who has lost an effect decides nothing on it, and who looks without holding it stands back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import pytest

from domain.provider.effects import Claimed, EffectKind, effect_id
from domain.provider.payouts import CheckOutcome, Paid, Waiting, on_payout_checked
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream
from domain.shared.unit import EffectState, Message
from infrastructure.sagas.effects import Claims, EffectExecutor, EffectInHand, LookError
from infrastructure.sagas.engine import Answering, FenceLostError, Handler
from tests.unit.domain.payout.test_payouts import begun, checked, opened, sent
from tests.unit.domain.send.journey import EVERYBODY, START, Journey
from tests.unit.sagas.stage import Log, log_of

PAID = Paid(fiat_amount=None)
NOTHING_NEW = Waiting(due_at=START, received=False)
TOLD = [
    Message(source="first", message_id=name, headers={}, body="{}", reference="payout-1")
    for name in ("one", "two")
]


@dataclass
class Scene:
    """A payout on its way, what its provider says of it, and this process, which knows the epoch 1
    of the effect that asks."""

    outcome: CheckOutcome = PAID
    held: bool = True

    def __post_init__(self) -> None:
        journey = sent(opened(begun(Journey(groups=(EVERYBODY,)))))
        self.stream = journey.stream
        self.after_news = checked(journey, Waiting(due_at=START, received=True)).stream
        self.check = effect_id(self.stream.id, EffectKind.PAYOUT_CHECK, 1)
        self.log: Log = replace(log_of(journey, self.check), stream_=self.stream)
        self.engine = self.log.engine()
        self.decided = 0

    @property
    def effect(self) -> EffectInHand:
        return EffectInHand(
            id=self.check,
            stream_id=self.stream.id,
            kind=EffectKind.PAYOUT_CHECK,
            key="key",
            attempt=1,
            epoch=1,
            request={"provider": "first", "reference": "payout-1"},
            maybe_executed=False,
            written_here=False,
            held=self.held,
        )

    def decide(self, stream: Stream, facts: Facts) -> Decision:
        self.decided += 1
        return on_payout_checked(stream, self.effect.fence, self.outcome, facts)

    async def asks(self, _effect: EffectInHand, _stream: Stream) -> Handler:
        return self.decide

    async def commits(self) -> None:
        answering = Answering(effect_id=self.check)
        await self.engine.decide(self.stream.id, self.decide, answering=answering)

    async def looks(self) -> bool:
        executor = EffectExecutor(
            engine=self.engine,
            owner="test",
            claims=cast("Claims", None),
            handlers={EffectKind.PAYOUT_CHECK: self.asks},
        )
        return await executor.look(self.effect, TOLD)

    def another(self) -> Callable[[], None]:
        """Somebody claims the effect."""
        return lambda: self.log.epochs.update({self.check: 2})


def test_the_fence_is_the_effect_with_its_epoch() -> None:
    scene = Scene(held=False)
    claimed = Claimed(id=scene.check, epoch=1, attempt=1, reference="payout-1", held=False)
    assert scene.effect.fence == claimed
    assert Answering(effect_id=scene.check).fence == f"effect:{scene.check}"


async def test_who_holds_the_effect_commits() -> None:
    scene = Scene()
    await scene.commits()
    assert scene.log.ended(0)[scene.check] is EffectState.DONE
    assert "FiatTransferConfirmed" in scene.log.types[0]


async def test_who_has_lost_it_commits_nothing_and_does_not_try_again() -> None:
    scene = Scene()
    scene.log.before_commit = scene.another()
    with pytest.raises(FenceLostError):
        await scene.commits()
    assert (scene.log.units, scene.log.tried, scene.decided) == ([], 1, 1)


async def test_what_another_wrote_to_the_stream_is_decided_on_anew() -> None:
    scene = Scene()
    scene.log.before_commit = lambda: setattr(scene.log, "stream_", scene.after_news)
    await scene.commits()
    (types,) = scene.log.types
    assert (scene.log.tried, scene.decided) == (2, 2)
    # The other one has told that the provider has it: that is told once.
    assert "USDCToFiatConversionCompleted" not in types
    assert "FiatTransferConfirmed" in types


async def test_a_look_stores_its_messages_with_what_is_new() -> None:
    scene = Scene(held=False)
    assert await scene.looks()
    (unit,) = scene.log.units
    assert list(unit.messages) == [replace(message, answered=True) for message in TOLD]
    assert scene.log.ended(0)[scene.check] is EffectState.DONE


async def test_a_look_that_finds_nothing_new_commits_nothing() -> None:
    scene = Scene(outcome=NOTHING_NEW, held=False)
    assert not await scene.looks()
    assert scene.log.tried == 0


async def test_who_holds_it_and_finds_nothing_new_says_when_to_ask_again() -> None:
    scene = Scene(outcome=NOTHING_NEW)
    await scene.commits()
    assert scene.log.ended(0) == {scene.check: EffectState.PENDING}
    assert scene.log.types == [[]]


async def test_a_look_gives_way_to_who_claims_the_effect_meanwhile() -> None:
    scene = Scene(held=False)
    scene.log.before_commit = scene.another()
    with pytest.raises(LookError):
        await scene.looks()
    assert (scene.log.units, scene.log.tried) == ([], 1)
