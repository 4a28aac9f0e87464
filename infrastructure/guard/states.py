"""What is known of each guarded provider: shared by all processes through Redis.

A change is decided by the domain and written only where nobody else has written meanwhile. While
Redis is away each process goes on from what it knew last, and takes no more than its part of the
limits; what it learnt alone is put together with the others' once Redis is back.
"""

import asyncio
import logging
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

import msgspec
from redis.asyncio import Redis

from domain.provider.breaker import GuardState, owned, stricter
from infrastructure.messaging.retrying import REDIS_ERRORS, heed_cancellation

logger = logging.getLogger(__name__)

REDIS_SECONDS_MAX: Final = 0.25
"""A call waits so long for the shared state."""
AWAY_SECONDS: Final = 2.0
"""How long nobody asks a Redis that did not answer."""
COLLISION_SECONDS: Final = 0.004
ROUNDS_MAX: Final = 16
"""With one write a process under way, few collide; who loses each time counts for itself."""
PROCESSES: Final = 4
"""While Redis is away each process takes this part of the limits."""
_KEPT_MS: Final = 600_000  # twice the window: after that a state says nothing
_OWNER_BYTES: Final = 4
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
Step = Callable[[GuardState, int], GuardState]


class GuardStates:
    """`change` and `look` never raise for what Redis does. `owner` begins this process's leases."""

    def __init__(self, redis: Redis) -> None:
        self.owner = secrets.token_hex(_OWNER_BYTES)
        self._write = redis.register_script(_COMPARE_AND_SET)
        self._redis = redis
        self._waiting: dict[str, list[tuple[Step, asyncio.Future[None]]]] = defaultdict(list)
        self._writers: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, bytes] = {}
        self._alone: dict[str, GuardState] = {}
        self._away_until = 0.0

    async def change(self, name: str, change: Change[Result]) -> Result:
        """Changes the state of `name`. `change` is told into how many parts the limits are divided,
        and may be asked several times. What comes meanwhile is written with the next one, so that
        a process has one write under way."""
        results: list[Result] = []

        def step(state: GuardState, parts: int) -> GuardState:
            changed, result = change(state, parts)
            results[:] = [result]
            return changed

        done = asyncio.get_running_loop().create_future()
        self._waiting[name].append((step, done))
        if name not in self._writers:
            self._writers[name] = asyncio.create_task(self._write_all(name), name=f"guard {name}")
        await done
        return results[0]

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

    async def _write_all(self, name: str) -> None:
        try:
            while waiting := self._waiting.pop(name, None):
                try:
                    await self._write_some(name, [step for step, _ in waiting])
                except BaseException:
                    # A mistake of ours, or the end: nobody shall wait for ever.
                    for _, done in waiting:
                        done.cancel()
                    raise
                for _, done in waiting:
                    if not done.done():
                        done.set_result(None)
        finally:
            del self._writers[name]

    async def _write_some(self, name: str, steps: Sequence[Step]) -> None:
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    is_shared = await self._write_shared(name, steps)
                    heed_cancellation()
            except REDIS_ERRORS as error:
                self._missed(error)
            else:
                if is_shared:
                    return
        self._alone[name] = _all(steps, self._known(name), PROCESSES)

    async def _write_shared(self, name: str, steps: Sequence[Step]) -> bool:
        expected = self._seen.get(name, b"")
        for _ in range(ROUNDS_MAX):
            written = msgspec.json.encode(_all(steps, self._together(name, _decoded(expected)), 1))
            found = await self._write(keys=[_PREFIX + name], args=[expected, written, _KEPT_MS])
            if found is None:
                self._seen[name] = written
                self._alone.pop(name, None)
                return True
            expected = self._seen[name] = cast("bytes", found)
            # Who collided shall not collide again.
            await asyncio.sleep(random.uniform(0, COLLISION_SECONDS))  # noqa: S311 - jitter
        logger.warning("the guard of %s is contended: this process counts for itself", name)
        return False

    def _known(self, name: str) -> GuardState:
        """What this process knows without asking."""
        alone = self._alone.get(name)
        if alone is not None:
            return alone
        return owned(_decoded(self._seen.get(name, b"")), owner=self.owner)

    def _together(self, name: str, shared: GuardState) -> GuardState:
        alone = self._alone.get(name)
        return shared if alone is None else stricter(shared, alone, owner=self.owner)

    def _missed(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        logger.warning("guards are not shared for now: %s", type(error).__name__)


def _all(steps: Sequence[Step], state: GuardState, parts: int) -> GuardState:
    for step in steps:
        state = step(state, parts)
    return state


def _decoded(content: bytes) -> GuardState:
    """What cannot be read is of another version: it is forgotten."""
    if not content:
        return GuardState()
    try:
        return msgspec.json.decode(content, type=GuardState)
    except msgspec.MsgspecError:
        logger.warning("a guard's state is not readable: it begins anew")
        return GuardState()
