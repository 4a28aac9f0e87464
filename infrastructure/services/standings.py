"""Whether a provider may be chosen now: an operator's word, its health, its breaker."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final, Protocol

from domain.provider.breaker import Phase
from domain.provider.registry import Rejection
from infrastructure.db.standings import Switched
from infrastructure.messaging.retrying import DATABASE_ERRORS

logger = logging.getLogger(__name__)

HEARD_SECONDS: Final = 2.0
"""So soon an operator's word is heard everywhere."""
FAILURES_MAX: Final = 3
"""After so many health checks in a row that failed, a provider counts as unhealthy."""


class Store(Protocol):
    async def switched(self) -> Mapping[str, Switched]: ...

    async def failures(self) -> Mapping[str, int]: ...


class Breakers(Protocol):
    async def phase(self, name: str) -> Phase: ...


class Standings:
    """Keeps what the database says for HEARD_SECONDS, and longer while it does not answer."""

    def __init__(self, store: Store, breakers: Breakers) -> None:
        self._store = store
        self._breakers = breakers
        self._read_until = 0.0
        self._reading = asyncio.Lock()
        self._switched: Mapping[str, Switched] = {}
        self._failures: Mapping[str, int] = {}

    async def rejection(self, provider: str) -> Rejection | None:
        """Why nothing new is begun with it; None: it may be chosen. Half open is open to one who
        tries."""
        await self._read()
        switched = self._switched.get(provider)
        if switched is not None and not switched.enabled:
            return Rejection.SWITCHED_OFF
        if await self._breakers.phase(provider) is Phase.OPEN:
            return Rejection.BREAKER_OPEN
        if self._failures.get(provider, 0) >= FAILURES_MAX:
            return Rejection.UNHEALTHY
        return None

    async def _read(self) -> None:
        async with self._reading:
            if time.monotonic() < self._read_until:
                return
            try:
                self._switched = await self._store.switched()
                self._failures = await self._store.failures()
            except DATABASE_ERRORS as error:
                logger.warning("the standing of providers cannot be read: %s", error)
            self._read_until = time.monotonic() + HEARD_SECONDS
