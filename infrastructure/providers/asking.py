"""A question to a provider that changes nothing there: asked again where it fails, and nothing is
raised, whatever an adapter does."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.providers.setbacks import may_pass

logger = logging.getLogger(__name__)

TRIES_MAX: Final = 3
PAUSE_SECONDS: Final = 0.2
"""At most so long before the second try; twice as long before the third."""

Answer = TypeVar("Answer")


async def asked(
    question: Callable[[], Awaitable[Answer | Setback]], *, seconds: float
) -> Answer | Setback:
    """What is answered within `seconds`, at the third try at the latest; else the last setback."""
    last: Setback = NotAttempted(reason="no answer in time")
    try:
        async with asyncio.timeout(seconds):
            for number in range(TRIES_MAX):
                answer = await _once(question)
                if not isinstance(answer, (Declined, NotAttempted, Unanswered)):
                    return answer
                last = answer
                if not may_pass(answer) or number == TRIES_MAX - 1:
                    break
                # Full jitter: callers that failed together do not return together.
                await asyncio.sleep(random.uniform(0, PAUSE_SECONDS * 2**number))  # noqa: S311 - jitter
    except TimeoutError:
        pass
    return last


async def _once(question: Callable[[], Awaitable[Answer | Setback]]) -> Answer | Setback:
    try:
        return await question()
    except Exception:
        # One adapter's mistake must not take anything from what the others answer.
        logger.exception("a provider's adapter failed")
        return NotAttempted(reason="its answer could not be read")
