"""What happens in the simulated world by itself, without anybody asking."""

import asyncio
import logging
from typing import Final

from infrastructure.sandbox.frame.world import World

logger = logging.getLogger(__name__)

PACE_SECONDS: Final = 0.25
"""Of the wall clock: what is due by the simulated one is done so soon."""


async def pass_time(world: World) -> None:
    """Does every chore over and over, until it is cancelled; one that fails is tried again."""
    while True:
        for chore in list(world.chores):
            try:
                await chore()
            except Exception:
                logger.exception("the simulated world stumbled")
        await asyncio.sleep(PACE_SECONDS)
