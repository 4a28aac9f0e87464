"""A hint is looked at, and stored with what the look finds."""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.shared.ids import EffectId, StreamId, WalletId
from domain.shared.unit import EffectState, Group, Message
from infrastructure.db.effects import ClaimedEffect
from infrastructure.sagas.effects import EffectInHand, LookError
from infrastructure.sagas.hints import Awaiting, Hints

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
    """An inbox, the next commit and a look, with what each was given."""

    effect: ClaimedEffect | None = EFFECT
    is_held: bool = False
    rides_go: bool = True
    finds: list[bool | LookError] = field(default_factory=list)
    kept: list[Message] = field(default_factory=list)
    rode: list[Message] = field(default_factory=list)
    looked: list[EffectInHand] = field(default_factory=list)
    under_way: int = 0

    async def awaiting(self, message: Message) -> Awaiting:
        known = {each.message_id for each in (*self.kept, *self.rode)}
        return Awaiting(
            is_known=message.message_id in known, effect=self.effect, is_held=self.is_held
        )

    async def receive(self, message: Message) -> bool:
        self.kept.append(message)
        return True

    async def ride(self, message: Message) -> bool:
        if self.rides_go:
            self.rode.append(message)
        return self.rides_go

    async def look(self, effect: EffectInHand, message: Message) -> bool:
        self.under_way += 1
        assert self.under_way == 1
        await asyncio.sleep(0)
        self.under_way -= 1
        self.looked.append(effect)
        found = self.finds.pop(0)
        if isinstance(found, LookError):
            raise found
        if found:
            self.kept.append(message)
        return found

    def hints(self, *, looks: bool = True) -> Hints:
        return Hints(inbox=self, rides=self, look=self.look if looks else None)


async def test_what_is_new_is_stored_by_the_look_and_nobody_else_is_called() -> None:
    scene = Scene(finds=[True])
    assert not await scene.hints().receive(message())
    (effect,) = scene.looked
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
    scene = Scene(finds=[True])
    hints = scene.hints()
    await asyncio.gather(*(hints.receive(message()) for _ in range(10)))
    assert len(scene.looked) == 1
    assert scene.kept == [message()]


async def test_two_messages_are_looked_at_one_after_the_other() -> None:
    scene = Scene(finds=[True, False])
    hints = scene.hints()
    await asyncio.gather(*(hints.receive(message(name)) for name in ("one", "two")))
    assert [each.message_id for each in scene.kept] == ["one"]
    assert [each.message_id for each in scene.rode] == ["two"]
