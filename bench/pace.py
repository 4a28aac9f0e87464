"""The sandbox's time, which is everybody's: what one hurries, lapses for another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

# Whoever waits for a provider and hears nothing for so long lets time pass.
_PATIENCE_SECONDS: Final = 0.2


class Pace:
    """Lets time pass while all who are at work wait for it, and never otherwise: a payment page and
    a quote live for minutes, and a ramp takes one to pay. `pass_time` skips some of it."""

    def __init__(self, pass_time: Callable[[], Awaitable[None]]) -> None:
        self._pass_time = pass_time
        self._busy = 0
        self._passed = 0
        self._changed = asyncio.Condition()

    async def begin(self) -> None:
        """One more has something to do that time may not overtake; while it passes, they wait."""
        async with self._changed:
            self._busy += 1

    async def rest(self) -> None:
        """One of them has done what they could."""
        async with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    async def hurry(self) -> None:
        """Until cancelled: time passes, again and again, whenever nobody is busy."""
        while True:
            await asyncio.sleep(_PATIENCE_SECONDS)
            await self._pass(self._passed)

    async def _pass(self, passed: int) -> None:
        """Once it has passed more often than that, somebody was as impatient."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._busy or self._passed > passed)
            if self._passed == passed:
                self._passed += 1
                await self._pass_time()
                self._changed.notify_all()
