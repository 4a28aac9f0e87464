"""Hints that come together are looked at together, and stored with what the look finds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.shared.ids import EffectId, StreamId, WalletId
from domain.shared.unit import EffectState, Group, Message
from infrastructure.db.effects import ClaimedEffect
from infrastructure.sagas.effects import EffectInHand, LookError
from infrastructure.sagas.hints import GATHERED_MAX, Awaiting, Hints
from tests.unit.sagas.stage import turn

EFFECT = ClaimedEffect(
    id=EffectId(UUID(int=1)),
    stream_id=StreamId(UUID(int=2)),
    wallet_id=WalletId(UUID(int=3)),
    group=Group.PROVIDER,
    kind="payout.check",
    key="key",
    attempt=1,
    state=EffectState.INTENT,
    epoch=4,
    tries=0,
    taken_over=False,
    request={"provider": "bridge", "reference": "ref"},
    response={},
)


def message(name: str = "one") -> Message:
    return Message(source="bridge", message_id=name, headers={}, body="{}", reference="ref")


@dataclass
class Scene:
    """An inbox, the next commit and a look, with what each was given. Whoever wants to hold one up
    clears its event."""

    effect: ClaimedEffect | None = EFFECT
    is_held: bool = False
    rides_go: bool = True
    finds: list[bool | LookError] = field(default_factory=list)
    kept: list[Message] = field(default_factory=list)
    rode: list[Message] = field(default_factory=list)
    looked: list[tuple[EffectInHand, list[Message]]] = field(default_factory=list)
    together: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0

    def __post_init__(self) -> None:
        for event in (self.together, self.answered, self.committed):
            event.set()

    async def awaiting(self, message: Message) -> Awaiting:
        known = {each.message_id for each in (*self.kept, *self.rode)}
        return Awaiting(
            is_known=message.message_id in known, effect=self.effect, is_held=self.is_held
        )

    async def receive(self, message: Message) -> bool:
        self.kept.append(message)
        return True

    async def ride(self, message: Message) -> bool:
        await self.committed.wait()
        if self.rides_go:
            self.rode.append(message)
        return self.rides_go

    async def gather(self) -> None:
        await self.together.wait()

    async def look(self, effect: EffectInHand, messages: Sequence[Message]) -> bool:
        self.under_way += 1
        assert self.under_way == 1
        self.looked.append((effect, list(messages)))
        await self.answered.wait()
        self.under_way -= 1
        found = self.finds.pop(0)
        if isinstance(found, LookError):
            raise found
        if found:
            self.kept.extend(messages)
        return found

    def hints(self, *, looks: bool = True) -> Hints:
        look = self.look if looks else None
        return Hints(inbox=self, rides=self, look=look, gather=self.gather)

    @property
    def told(self) -> list[list[str]]:
        """Which messages each look answered."""
        return [[each.message_id for each in messages] for _, messages in self.looked]


async def test_what_is_new_is_stored_by_the_look_and_nobody_else_is_called() -> None:
    scene = Scene(finds=[True])
    assert not await scene.hints().receive(message())
    ((effect, _),) = scene.looked
    assert (effect.held, effect.fence.held, effect.fence.epoch) == (False, False, 4)
    assert (scene.kept, scene.rode) == ([message()], [])


async def test_where_nothing_is_new_it_rides_as_answered() -> None:
    scene = Scene(finds=[False])
    await scene.hints().receive(message())
    assert (scene.kept, scene.rode) == ([], [replace(message(), answered=True)])


async def test_a_look_that_fails_leaves_it_due() -> None:
    scene = Scene(finds=[LookError("slow")])
    assert await scene.hints().receive(message())
    assert (scene.kept, scene.rode) == ([message()], [])


async def test_what_nobody_waits_for_or_somebody_carries_out_rides() -> None:
    for scene in (Scene(effect=None), Scene(is_held=True)):
        assert await scene.hints().receive(message())
        assert (scene.kept, scene.rode, scene.looked) == ([], [message()], [])


async def test_a_process_that_looks_at_nothing_stores_it_at_once() -> None:
    scene = Scene()
    assert await scene.hints(looks=False).receive(message())
    assert (scene.kept, scene.rode) == ([message()], [])


async def test_what_could_not_ride_is_stored_by_itself() -> None:
    scene = Scene(effect=None, rides_go=False)
    assert await scene.hints().receive(message())
    assert scene.kept == [message()]


async def test_ten_copies_at_once_are_looked_at_once() -> None:
    for is_news in (True, False):
        scene = Scene(finds=[is_news])
        hints = scene.hints()
        await asyncio.gather(*(hints.receive(message()) for _ in range(10)))
        assert scene.told == [["one"]]
        assert len(scene.kept + scene.rode) == 1


async def test_messages_that_come_together_are_one_look_and_one_commit() -> None:
    scene = Scene(finds=[True])
    hints = scene.hints()
    scene.together.clear()
    names = ("one", "two", "three")
    receiving = [asyncio.create_task(hints.receive(message(name))) for name in names]
    await turn()
    assert scene.looked == []
    scene.together.set()
    assert await asyncio.gather(*receiving) == [False, False, False]
    assert scene.told == [list(names)]
    assert [each.message_id for each in scene.kept] == list(names)
    assert scene.rode == []


async def test_who_comes_while_the_provider_is_asked_is_looked_at_afterwards() -> None:
    scene = Scene(finds=[False, True])
    hints = scene.hints()
    scene.answered.clear()
    receiving = [asyncio.create_task(hints.receive(message("one")))]
    await turn()
    receiving += [asyncio.create_task(hints.receive(message(name))) for name in ("two", "three")]
    await turn()
    assert scene.told == [["one"]]
    scene.answered.set()
    await asyncio.gather(*receiving)
    assert scene.told == [["one"], ["two", "three"]]


async def test_what_waits_for_a_commit_keeps_nobody_from_looking() -> None:
    scene = Scene(finds=[False, True])
    hints = scene.hints()
    scene.committed.clear()
    riding = asyncio.create_task(hints.receive(message("one")))
    await turn()
    assert not await hints.receive(message("two"))
    assert not riding.done()
    assert [each.message_id for each in scene.kept] == ["two"]
    scene.committed.set()
    await riding
    assert [each.message_id for each in scene.rode] == ["one"]


async def test_what_the_look_before_has_ended_is_not_looked_at_again() -> None:
    scene = Scene(finds=[True])
    hints = scene.hints()
    scene.answered.clear()
    receiving = [asyncio.create_task(hints.receive(message("one")))]
    await turn()
    receiving.append(asyncio.create_task(hints.receive(message("two"))))
    await turn()
    scene.effect = None
    scene.answered.set()
    await asyncio.gather(*receiving)
    assert scene.told == [["one"]]
    assert scene.rode == [message("two")]


async def test_one_look_answers_only_so_many() -> None:
    scene = Scene(finds=[False, False])
    hints = scene.hints()
    names = [str(number) for number in range(GATHERED_MAX + 1)]
    await asyncio.gather(*(hints.receive(message(name)) for name in names))
    assert scene.told == [names[:GATHERED_MAX], names[GATHERED_MAX:]]


async def test_who_hangs_up_takes_nothing_from_the_others() -> None:
    scene = Scene(finds=[True])
    hints = scene.hints()
    scene.answered.clear()
    first, copy = (asyncio.create_task(hints.receive(message())) for _ in range(2))
    await turn()
    first.cancel()
    await turn()
    scene.answered.set()
    assert not await copy
    assert scene.kept == [message()]
