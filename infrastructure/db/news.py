"""Which streams a process still has to hear, and which had to be left aside."""

import time
from collections.abc import Sequence
from typing import Final

from domain.shared.ids import StreamId
from domain.shared.unit import Group
from infrastructure.db.pool import Pool
from infrastructure.db.positions import START, Position
from infrastructure.db.streams import News, StreamReader

PAGE_EVENTS: Final = 500
SAVE_SECONDS: Final = 10.0
"""What a successor looks at again at most; looking twice does nothing twice."""
PARKED_RETRY_SECONDS: Final = 60.0
"""A deployment may have mended what parked a stream."""

# The group that is furthest behind decides where this process begins.
_LOAD: Final = """
    SELECT c.generation, c.xid::text::bigint AS xid, c.id
    FROM unnest($1::text[]) AS g(name) LEFT JOIN reactor_cursor c ON c.group_name = g.name
    ORDER BY c.generation NULLS FIRST, c.xid, c.id LIMIT 1
"""
_SAVE: Final = """
    INSERT INTO reactor_cursor AS c (group_name, generation, xid, id)
    SELECT g, $2, $3::text::xid8, $4 FROM unnest($1::text[]) AS g
    ON CONFLICT (group_name) DO UPDATE
        SET generation = EXCLUDED.generation, xid = EXCLUDED.xid, id = EXCLUDED.id
        WHERE (c.generation, c.xid, c.id) < (EXCLUDED.generation, EXCLUDED.xid, EXCLUDED.id)
"""
_PARK: Final = """
    INSERT INTO parked AS p (group_name, stream_id, sequence, reason, attempts)
    SELECT g, s.id, s.sequence, $3, 1 FROM unnest($1::text[]) AS g, stream s WHERE s.id = $2
    ON CONFLICT (group_name, stream_id) DO UPDATE SET reason = EXCLUDED.reason,
        attempts = p.attempts + 1, sequence = EXCLUDED.sequence, at = clock_timestamp()
"""
_PARKED: Final = "SELECT DISTINCT stream_id FROM parked WHERE group_name = ANY ($1)"
_UNPARK: Final = "DELETE FROM parked WHERE group_name = ANY ($1) AND stream_id = $2"


class NewsReader:
    """One per process. It keeps its place in memory and stores it now and then: what it forgets
    is looked at again and found to be handled."""

    def __init__(self, pool: Pool, groups: Sequence[Group]) -> None:
        self._pool = pool
        self._reader = StreamReader(pool)
        self._groups = tuple(groups)
        self._position: Position | None = None
        self._saved = START
        self._parked: set[StreamId] = set()
        self._save_at = 0.0
        self._retry_at = 0.0

    async def unheard(self, limit: int) -> list[StreamId]:
        """Streams with events that a group of this process has not handled, the oldest first."""
        position = self._position or await self._load()
        while True:
            page = await self._reader.read_news(position, PAGE_EVENTS)
            waiting = dict.fromkeys(news.stream_id for news in page if self._is_unheard(news))
            if waiting:
                return list(waiting)[:limit]
            if page:
                self._position = position = page[-1].position
            if len(page) < PAGE_EVENTS:
                await self._keep_house()
                return self._due_again()

    async def park(self, stream_id: StreamId, reason: str) -> None:
        """Leaves the stream to its operator, its funds held as they are; others go on."""
        self._parked.add(stream_id)
        await self._pool.execute(_PARK, self._groups, stream_id, reason)

    async def heard(self, stream_id: StreamId) -> None:
        """The stream goes on; it is parked no longer."""
        if stream_id in self._parked:
            self._parked.discard(stream_id)
            await self._pool.execute(_UNPARK, self._groups, stream_id)

    async def save(self) -> None:
        """Stores the place reached."""
        at = self._position
        if at is not None and at != self._saved:
            await self._pool.execute(_SAVE, self._groups, at.generation, str(at.xid), at.id)
            self._saved = at

    async def _load(self) -> Position:
        row = await self._pool.fetchrow(_LOAD, self._groups)
        known = row is not None and row["generation"] is not None
        self._position = (
            Position(row["generation"], row["xid"], row["id"]) if row and known else START
        )
        self._saved = self._position
        self._parked = {row["stream_id"] for row in await self._pool.fetch(_PARKED, self._groups)}
        self._retry_at = time.monotonic() + PARKED_RETRY_SECONDS
        return self._position

    def _is_unheard(self, news: News) -> bool:
        return news.stream_id not in self._parked and any(
            news.handled.get(group, 0) < news.sequence for group in self._groups
        )

    def _due_again(self) -> list[StreamId]:
        if not self._parked or time.monotonic() < self._retry_at:
            return []
        self._retry_at = time.monotonic() + PARKED_RETRY_SECONDS
        return list(self._parked)

    async def _keep_house(self) -> None:
        if time.monotonic() >= self._save_at:
            self._save_at = time.monotonic() + SAVE_SECONDS
            await self.save()
