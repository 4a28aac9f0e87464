"""What a provider told by itself: a hint to look, stored with what the look finds.

Where nothing is new it is stored with whatever is committed next. A hint about what is being looked
at already, or what this process does not look at, makes it due.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

from domain.shared.ids import EffectId
from domain.shared.unit import Message
from infrastructure.db.effects import ClaimedEffect
from infrastructure.sagas.effects import EffectInHand, LookError

Look = Callable[[EffectInHand, Message], Awaitable[bool]]
"""Looks at what nobody holds; whether the message was stored with what is new, or `LookError`."""


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


class Hints:
    """`look` is this process's own, where it carries effects out."""

    def __init__(self, *, inbox: Inbox, rides: Rides, look: Look | None) -> None:
        self._inbox = inbox
        self._rides = rides
        self._look = look
        self._looking: WeakValueDictionary[EffectId, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, message: Message) -> bool:
        """Returns when it is stored; whether somebody may have to look at what is due now."""
        awaiting = await self._inbox.awaiting(message)
        if awaiting.is_known:
            return False
        if awaiting.effect is None or awaiting.is_held:
            return await self._ride(message)
        if self._look is None:
            return await self._inbox.receive(message)
        lock = self._looking.setdefault(awaiting.effect.id, asyncio.Lock())
        async with lock:
            # Another message may have been quicker.
            awaiting = await self._inbox.awaiting(message)
            if awaiting.is_known:
                return False
            if awaiting.effect is None or awaiting.is_held:
                return await self._ride(message)
            return await self._looked(self._look, awaiting.effect, message)

    async def _looked(self, look: Look, effect: ClaimedEffect, message: Message) -> bool:
        try:
            is_news = await look(EffectInHand.free(effect), message)
        except LookError:
            return await self._inbox.receive(message)
        return not is_news and await self._ride(replace(message, answered=True))

    async def _ride(self, message: Message) -> bool:
        return await self._rides.ride(message) or await self._inbox.receive(message)
