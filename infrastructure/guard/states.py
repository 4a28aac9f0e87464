"""What is known of each guarded provider: shared by all processes through Redis.

A change is decided by the domain and written only where nobody else has written meanwhile. While
Redis is away each process goes on from what it knew last, and takes no more than its part of the
limits; what it learnt alone is put together with the others' once Redis is back.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final, TypeVar, cast

import msgspec
from redis.asyncio import Redis

from domain.provider.breaker import GuardState, stricter
from infrastructure.messaging.retrying import REDIS_ERRORS, heed_cancellation

logger = logging.getLogger(__name__)

REDIS_SECONDS_MAX: Final = 0.25
"""A call waits so long for the shared state."""
AWAY_SECONDS: Final = 2.0
"""How long nobody asks a Redis that did not answer."""
ROUNDS_MAX: Final = 8
"""With a writer a process, few collide; who loses each time counts for itself."""
PROCESSES: Final = 4
"""While Redis is away each process takes this part of the limits."""
_KEPT_MS: Final = 600_000  # twice the window: after that a state says nothing
_PREFIX: Final = "diboas:guard:"
# Writes where the value is still the expected one ('' is none); answers the other value otherwise.
_COMPARE_AND_SET: Final = """
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return false
"""

Result = TypeVar("Result")
Change = Callable[[GuardState, int], tuple[GuardState, Result]]


class GuardStates:
    """`change` and `look` never raise for what Redis does."""

    def __init__(self, redis: Redis) -> None:
        self._write = redis.register_script(_COMPARE_AND_SET)
        self._redis = redis
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seen: dict[str, bytes] = {}
        self._alone: dict[str, GuardState] = {}
        self._away_until = 0.0

    async def change(self, name: str, change: Change[Result]) -> Result:
        """Changes the state of `name`. `change` is told into how many parts the limits are divided,
        and may be asked several times."""
        async with self._locks[name]:
            if time.monotonic() >= self._away_until:
                try:
                    async with asyncio.timeout(REDIS_SECONDS_MAX):
                        done = await self._change_shared(name, change)
                        heed_cancellation()
                except REDIS_ERRORS as error:
                    self._missed(error)
                else:
                    if done is not None:
                        return done[0]
            self._alone[name], result = change(self._known(name), PROCESSES)
            return result

    async def look(self, name: str) -> GuardState:
        """The state as it is known now."""
        if time.monotonic() < self._away_until:
            return self._known(name)
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                found = cast("bytes | None", await self._redis.get(_PREFIX + name))
                heed_cancellation()
        except REDIS_ERRORS as error:
            self._missed(error)
            return self._known(name)
        return self._together(name, _decoded(found or b""))

    async def _change_shared(self, name: str, change: Change[Result]) -> tuple[Result] | None:
        expected = self._seen.get(name, b"")
        for _ in range(ROUNDS_MAX):
            state, result = change(self._together(name, _decoded(expected)), 1)
            written = msgspec.json.encode(state)
            found = await self._write(keys=[_PREFIX + name], args=[expected, written, _KEPT_MS])
            if found is None:
                self._seen[name] = written
                self._alone.pop(name, None)
                return (result,)
            expected = self._seen[name] = cast("bytes", found)
        logger.warning("the guard of %s is contended: this process counts for itself", name)
        return None

    def _known(self, name: str) -> GuardState:
        return self._together(name, _decoded(self._seen.get(name, b"")))

    def _together(self, name: str, shared: GuardState) -> GuardState:
        alone = self._alone.get(name)
        return shared if alone is None else stricter(shared, alone)

    def _missed(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        logger.warning("guards are not shared for now: %s", type(error).__name__)


def _decoded(content: bytes) -> GuardState:
    """What cannot be read is of another version: it is forgotten."""
    if not content:
        return GuardState()
    try:
        return msgspec.json.decode(content, type=GuardState)
    except msgspec.MsgspecError:
        logger.warning("a guard's state is not readable: it begins anew")
        return GuardState()
