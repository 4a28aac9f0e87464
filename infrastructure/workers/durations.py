"""Estimates follow history."""

import asyncio
import logging
from typing import Final

from infrastructure.db.openings import OpeningReader
from infrastructure.sagas.engine import SagaEngine

DURATIONS_SECONDS: Final = 60.0
"""How old an estimate's history may be."""
logger = logging.getLogger(__name__)


async def learn_durations(engine: SagaEngine, reader: OpeningReader) -> None:
    """Tells the engine again and again how long transactions take."""
    while True:
        try:
            engine.history = await reader.durations(
                completed_min=engine.policy.figures.estimate_after_completed
            )
        except Exception:
            logger.exception("durations could not be read")
        await asyncio.sleep(DURATIONS_SECONDS)
