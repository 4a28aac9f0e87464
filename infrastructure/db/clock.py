"""The time as the database has it, so that all processes of the platform agree."""

import time
from datetime import UTC, datetime
from typing import Final

from infrastructure.db.pool import Pool

SYNC_SECONDS: Final = 30.0
"""Between two looks: a clock drifts by less than a millisecond meanwhile."""
_NOW: Final = "SELECT clock_timestamp()"


class DatabaseClock:
    """Call it for the time (UTC); `sync` before the first call and now and then."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._offset_seconds = 0.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(time.monotonic() + self._offset_seconds, UTC)

    async def sync(self) -> None:
        """Learns the difference, taking half of the round trip for the way back."""
        before = time.monotonic()
        moment: datetime = await self._pool.fetchval(_NOW)
        after = time.monotonic()
        self._offset_seconds = moment.timestamp() - (before + after) / 2
