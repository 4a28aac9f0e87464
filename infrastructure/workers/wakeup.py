"""Wake-up after a commit: a hint over Redis that there is news; polling stands behind it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from broadcaster import BroadcastBackend

from infrastructure.messaging.channels import WAKEUP
from infrastructure.messaging.retrying import REDIS_ERRORS

_log: Final = logging.getLogger(__name__)

_NEWS: Final = "news"


class Publisher(Protocol):
    """Publishes (channel, payload) pairs in order; returns when the server has them all."""

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        """Raises `RedisError` or `OSError`, after which none, some or all were published."""
        ...


class WakeupPublisher:
    """`notify` after each commit; it never waits and never raises.

    At most one message is under way: commits that come meanwhile share the next one, so each
    commit is followed by a message that was sent after it. A failure is left to the pollers.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._again = False
        self._task: asyncio.Task[None] | None = None

    def notify(self) -> None:
        """There is news in the log. To be called in the event loop's thread."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._again = True
        self._task = asyncio.create_task(self._publish(), name="wakeup-publish")

    async def aclose(self) -> None:
        """Ends what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _publish(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._publisher.publish([(WAKEUP, _NEWS)])
            except REDIS_ERRORS as error:
                _log.debug("no wake-up sent: %s", error)


class WakeupListener:
    """Calls `callback` at each wake-up, and where some may have been missed.

    `callback` must return at once (setting an event, say). Use as a context manager.
    """

    def __init__(self, backend: BroadcastBackend, callback: Callable[[], None]) -> None:
        self._backend = backend
        self._callback = callback
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._backend.connect()
        # The first acknowledgement may be long in coming; nobody has to wait for a hint.
        self._tasks.append(asyncio.create_task(self._backend.subscribe(WAKEUP)))
        self._tasks.append(asyncio.create_task(self._listen(), name="wakeup-listen"))
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.disconnect()

    async def _listen(self) -> None:
        while True:
            await self._backend.next_published()
            self._callback()


class Doorbell:
    """Waits for a wake-up, at most as long as a poll, re-reading soon after each.

    Right after a commit its event may not be readable yet, so `wait` returns again after 1, 2, 4
    and 8 ms. What rings while nobody waits is not lost.
    """

    STEPS_SECONDS: Final = (0.001, 0.002, 0.004, 0.008)

    def __init__(self, *, poll_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._rung = asyncio.Event()
        self._steps: Iterator[float] = iter(())

    def ring(self) -> None:
        """There is news."""
        self._rung.set()

    async def wait(self) -> None:
        """Returns when the log should be read again."""
        seconds = next(self._steps, self._poll_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        if self._rung.is_set():
            self._rung.clear()
            self._steps = iter(self.STEPS_SECONDS)
