"""What a provider told by itself: a hint to look, stored with what the look finds.

Those that come together are looked at together. Where nothing is new they are stored with whatever
is committed next, and keep nobody from looking meanwhile. A hint about what is being looked at
already, or what this process does not look at, makes it due.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final, Protocol, assert_never
from weakref import WeakValueDictionary

from domain.shared.ids import EffectId
from domain.shared.unit import Message
from infrastructure.db.effects import ClaimedEffect
from infrastructure.sagas.effects import EffectInHand, LookError

GATHER_SECONDS: Final = 0.05
"""What a provider tells at one moment has come by then; a person does not notice it."""
GATHERED_MAX: Final = 32
"""So many messages one look answers, and its commit stores."""

Look = Callable[[EffectInHand, Sequence[Message]], Awaitable[bool]]
"""Looks at what nobody holds; whether the messages were stored with what is new, or `LookError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """Whether the message is known, and the effect that waits for what it is about.

    `is_held`: somebody is carrying the effect out just now.
    """

    is_known: bool
    effect: ClaimedEffect | None = None
    is_held: bool = False


class Inbox(Protocol):
    """Where messages are kept for ever."""

    async def awaiting(self, message: Message) -> Awaiting: ...

    async def receive(self, message: Message) -> bool:
        """Stores it now, and what waits for it is due. Whether it is new."""
        ...


class Rides(Protocol):
    """Stores a message with what is committed next; False: not stored."""

    async def ride(self, message: Message) -> bool: ...


class _Found(Enum):
    """What a look at an effect came to."""

    NEWS = auto()
    NOTHING_NEW = auto()
    NOTHING_TO_LOOK_AT = auto()
    UNKNOWN = auto()


@dataclass(slots=True, eq=False)
class _Gathering:
    """Messages that one look answers; `found` once it has ended."""

    messages: list[Message] = field(default_factory=list)
    found: "asyncio.Task[_Found] | None" = None


async def _gather() -> None:
    await asyncio.sleep(GATHER_SECONDS)


class Hints:
    """`look` is this process's own, where it carries effects out; `gather` waits for the messages
    that come together."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        rides: Rides,
        look: Look | None,
        gather: Callable[[], Awaitable[None]] = _gather,
    ) -> None:
        self._inbox = inbox
        self._rides = rides
        self._look = look
        self._gather = gather
        self._storing: dict[tuple[str, str], asyncio.Task[bool]] = {}
        self._gathered: dict[EffectId, _Gathering] = {}
        self._looking: WeakValueDictionary[EffectId, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, message: Message) -> bool:
        """Returns when it is stored; whether somebody may have to look at what is due now. A copy
        waits for the one that came before."""
        name = (message.source, message.message_id)
        storing = self._storing.get(name)
        if storing is None:
            storing = self._storing[name] = asyncio.create_task(self._store(message))
            storing.add_done_callback(lambda _task: self._storing.pop(name, None))
        # Who hangs up must not take what is under way from the copies that wait for it.
        return await asyncio.shield(storing)

    async def _store(self, message: Message) -> bool:
        awaiting = await self._inbox.awaiting(message)
        if awaiting.is_known:
            return False
        if awaiting.effect is None or awaiting.is_held:
            return await self._ride(message)
        if self._look is None:
            return await self._inbox.receive(message)
        return await self._keep(
            message, await self._looked(self._look, awaiting.effect.id, message)
        )

    async def _keep(self, message: Message, found: _Found) -> bool:
        match found:
            case _Found.NEWS:
                return False
            case _Found.NOTHING_NEW:
                return await self._ride(replace(message, answered=True))
            case _Found.NOTHING_TO_LOOK_AT:
                return await self._ride(message)
            case _Found.UNKNOWN:
                return await self._inbox.receive(message)
            case _:
                assert_never(found)

    async def _looked(self, look: Look, effect_id: EffectId, message: Message) -> _Found:
        """What the next look that has not begun finds."""
        gathering = self._gathered.get(effect_id)
        if gathering is None or len(gathering.messages) >= GATHERED_MAX:
            gathering = self._gathered[effect_id] = _Gathering()
        gathering.messages.append(message)
        if gathering.found is None:
            gathering.found = asyncio.create_task(self._look_for(look, effect_id, gathering))
        return await asyncio.shield(gathering.found)

    async def _look_for(self, look: Look, effect_id: EffectId, gathering: _Gathering) -> _Found:
        async with self._looking.setdefault(effect_id, asyncio.Lock()):
            try:
                await self._gather()
            finally:
                # Who comes from now on may know more than the answer: the next look is theirs.
                if self._gathered.get(effect_id) is gathering:
                    del self._gathered[effect_id]
            # The look before may have ended it.
            awaiting = await self._inbox.awaiting(gathering.messages[0])
            if awaiting.effect is None or awaiting.is_held:
                return _Found.NOTHING_TO_LOOK_AT
            try:
                is_news = await look(EffectInHand.free(awaiting.effect), gathering.messages)
            except LookError:
                return _Found.UNKNOWN
            return _Found.NEWS if is_news else _Found.NOTHING_NEW

    async def _ride(self, message: Message) -> bool:
        return await self._rides.ride(message) or await self._inbox.receive(message)
