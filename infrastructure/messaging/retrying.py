"""Trying again: with full jitter, as long as it takes."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
from redis.exceptions import RedisError

_log: Final = logging.getLogger(__name__)

_BACKOFF_SECONDS: Final = 0.1
_BACKOFF_SECONDS_MAX: Final = 2.0
_DOUBLINGS_MAX: Final = 10

REDIS_ERRORS: Final = (RedisError, OSError, TimeoutError)
DATABASE_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)

Result = TypeVar("Result")


def backoff_seconds(failures: int) -> float:
    """Full jitter: anything up to a bound that doubles with each failure."""
    bound = min(_BACKOFF_SECONDS_MAX, _BACKOFF_SECONDS * 2 ** min(failures, _DOUBLINGS_MAX))
    return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing


def heed_cancellation() -> None:
    """Raises `CancelledError` where the task was cancelled and has not noticed: before Python 3.12
    `asyncio.wait_for`, which redis-py writes with, drops a cancellation that comes as it ends."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def persist(read: Callable[[], Awaitable[Result]]) -> Result:
    """`read`'s result, asked for again until the database answers."""
    failures = 0
    while True:
        try:
            return await read()
        except DATABASE_ERRORS as error:
            _log.warning("the event log cannot be read: %s", error)
            await asyncio.sleep(backoff_seconds(failures))
            failures += 1
