"""Brings events to the contexts of this process that were not there when they happened.

Where all contexts share a process, reactions ran inline and nothing is left to bring; this is for
contexts in processes of their own, and for what a process that died had not reacted to.
"""

import asyncio
import logging
from collections import Counter
from typing import Final

from domain.shared.ids import StreamId
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.ports import News

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.2
REREADS_SECONDS: Final = (0.001, 0.002, 0.004, 0.008)
"""Right after a commit its events are often unreadable for another moment."""
STREAMS_MAX: Final = 64
FAILURES_MAX: Final = 5
"""Tries before a stream is parked, with its funds held, and reported."""


class Reactor:
    """`run` until cancelled; `wake` after a commit elsewhere."""

    def __init__(self, *, engine: SagaEngine, news: News) -> None:
        self._engine = engine
        self._news = news
        self._woken = asyncio.Event()
        self._failures: Counter[StreamId] = Counter()

    def wake(self) -> None:
        """Something was committed."""
        self._woken.set()

    async def run(self) -> None:
        """Hears, again and again, until cancelled."""
        while True:
            woken = await self._wait()
            try:
                heard = await self._hear()
                for pause in REREADS_SECONDS if woken and not heard else ():
                    await asyncio.sleep(pause)
                    if await self._hear():
                        break
            except Exception:
                logger.exception("news could not be read")

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    async def _hear(self) -> bool:
        streams = await self._news.unheard(STREAMS_MAX)
        await asyncio.gather(*(self._react(stream_id) for stream_id in streams))
        return bool(streams)

    async def _react(self, stream_id: StreamId) -> None:
        try:
            await self._engine.hear(stream_id)
        except Exception as error:
            self._failures[stream_id] += 1
            logger.exception("stream %s: a reaction failed", stream_id)
            if self._failures[stream_id] >= FAILURES_MAX:
                await self._news.park(stream_id, f"{type(error).__name__}: {error}")
        else:
            self._failures.pop(stream_id, None)
            await self._news.heard(stream_id)
