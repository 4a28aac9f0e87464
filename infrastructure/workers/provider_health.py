"""Asks every provider regularly whether it answers as it should."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, Protocol

from infrastructure.messaging.retrying import DATABASE_ERRORS
from infrastructure.services.standings import FAILURES_MAX

CHECK_SECONDS: Final = 30.0
CHECK_SECONDS_MAX: Final = 5.0
_CLAIM_SECONDS: Final = CHECK_SECONDS - 1
"""Turns drift a little: nobody shall find their own check a moment too young."""
logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[bool]]


class Store(Protocol):
    """What the checks of all processes said."""

    async def claim(self, providers: Collection[str], *, seconds: float) -> Collection[str]: ...

    async def told(self, provider: str, *, healthy: bool) -> int: ...


class ProviderHealthWatch:
    """Several processes may watch: each turn of a provider is one's. Raises the alarm, again at
    each turn, while FAILURES_MAX or more checks in a row have failed."""

    def __init__(self, checks: Mapping[str, Check], store: Store) -> None:
        self._checks = checks
        self._store = store

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(CHECK_SECONDS)

    async def look(self) -> None:
        """At all providers whose turn it is, at once."""
        try:
            names = await self._store.claim(self._checks, seconds=_CLAIM_SECONDS)
        except DATABASE_ERRORS as error:
            logger.warning("whose health is to be asked cannot be read: %s", error)
            return
        await asyncio.gather(*(self._look_at(name, self._checks[name]) for name in names))

    async def _look_at(self, name: str, check: Check) -> None:
        healthy = await _answers(name, check)
        try:
            failures = await self._store.told(name, healthy=healthy)
        except DATABASE_ERRORS as error:
            logger.warning("the health of %s cannot be kept: %s", name, error)
            return
        if failures >= FAILURES_MAX:
            logger.error("the provider %s is unhealthy: %d checks in a row failed", name, failures)


async def _answers(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await check()
    except TimeoutError:
        return False
    except Exception:
        # It promised not to raise: our own mistake, which must not end the watch.
        logger.exception("the health of %s cannot be found out", name)
        return False
