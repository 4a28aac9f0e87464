"""Reads of the event log: a stream whole, what is new behind a cursor, and replays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.shared.ids import StreamId, WalletId
from domain.shared.stream import Stream
from domain.shared.unit import Group
from infrastructure.db.encoding import decode_event, decode_handled
from infrastructure.db.pool import Pool, Record
from infrastructure.db.positions import START, Logged, Position

READ_EVENTS_MAX: Final = 1_000

_COLUMNS: Final = """
    o.generation, o.xid::text::bigint AS xid, o.id, o.event_id, o.stream_id, o.wallet_id,
    o.user_id, o.counterparty_wallet_id, o.sequence, o.type, o.kind, o.attempt, o.skipped,
    o.state, o.sub_state, o.occurred_at, o.causation_id, o.correlation_id, o.traceparent, o.data::text AS data
"""
# Below the oldest running transaction nothing can appear any more. Rows of older generations were
# written in another cluster, whose transaction ids say nothing here.
_READABLE: Final = """
    (o.xid < pg_snapshot_xmin(pg_current_snapshot())
        OR o.generation < (SELECT g.current FROM generation g))
"""
_BEHIND: Final = "(o.generation, o.xid, o.id) > ($1::int, $2::text::xid8, $3::bigint)"
_IN_ORDER: Final = "ORDER BY o.generation, o.xid, o.id LIMIT $4"

_LOAD: Final = f"""
    SELECT s.handled, s.wallet_id AS owner, {_COLUMNS}
    FROM stream s JOIN outbox o ON o.stream_id = s.id
    WHERE s.id = $1 ORDER BY o.sequence
"""
_NEWS: Final = f"""
    SELECT o.generation, o.xid::text::bigint AS xid, o.id, o.stream_id, o.sequence, s.handled
    FROM outbox o JOIN stream s ON s.id = o.stream_id
    WHERE {_BEHIND} AND {_READABLE} {_IN_ORDER}
"""
_EVENTS: Final = f"SELECT {_COLUMNS} FROM outbox o WHERE {_BEHIND} AND {_READABLE} {_IN_ORDER}"
_OF_STREAM: Final = f"""
    SELECT {_COLUMNS} FROM outbox o
    WHERE {_BEHIND} AND {_READABLE} AND o.stream_id = $5
        AND ($6::uuid IS NULL OR o.wallet_id = $6 OR o.counterparty_wallet_id = $6) {_IN_ORDER}
"""
# Two index ranges, each in order and cut, rather than one scan that filters the whole log.
_OF_WALLET: Final = f"""
    SELECT * FROM (
        (SELECT {_COLUMNS} FROM outbox o
            WHERE {_BEHIND} AND {_READABLE} AND o.wallet_id = $5 {_IN_ORDER})
        UNION
        (SELECT {_COLUMNS} FROM outbox o
            WHERE {_BEHIND} AND {_READABLE}
                AND o.counterparty_wallet_id = $5 {_IN_ORDER})
    ) o {_IN_ORDER}
"""
_END: Final = f"""
    SELECT o.generation, o.xid::text::bigint AS xid, o.id FROM outbox o WHERE {_READABLE}
    ORDER BY o.generation DESC, o.xid DESC, o.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class News:
    """A stream has an event of this sequence; `handled` says how far each group is."""

    position: Position
    stream_id: StreamId
    sequence: int
    handled: Mapping[Group, int]


class StreamReader:
    """Reads through a pool of `infrastructure.db.pool`. Limits are cut to `READ_EVENTS_MAX`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def stream(self, stream_id: StreamId) -> Stream | None:
        """All events of a stream in order, and how far each group has handled them."""
        rows = await self._pool.fetch(_LOAD, stream_id)
        if not rows:
            return None
        return Stream(
            id=stream_id,
            wallet_id=WalletId(rows[0]["owner"]),
            events=tuple(map(decode_event, rows)),
            handled=decode_handled(rows[0]["handled"]),
        )

    async def read_news(self, cursor: Position, limit: int) -> list[News]:
        """Which streams have events behind the cursor; complete, and in order within a stream."""
        rows = await self._pool.fetch(_NEWS, *_bounds(cursor, limit))
        return [
            News(
                Position(row["generation"], row["xid"], row["id"]),
                StreamId(row["stream_id"]),
                row["sequence"],
                decode_handled(row["handled"]),
            )
            for row in rows
        ]

    async def read_events(self, cursor: Position, limit: int) -> list[Logged]:
        """Whole events behind the cursor, for the relay."""
        return _positioned(await self._pool.fetch(_EVENTS, *_bounds(cursor, limit)))

    async def replay_stream(
        self, stream_id: StreamId, *, wallet_id: WalletId | None, after: Position, limit: int
    ) -> list[Logged]:
        """Events of a stream; with a wallet, only where it is the owner's or the counterparty's."""
        bounds = _bounds(after, limit)
        return _positioned(await self._pool.fetch(_OF_STREAM, *bounds, stream_id, wallet_id))

    async def replay_wallet(
        self, wallet_id: WalletId, *, after: Position, limit: int
    ) -> list[Logged]:
        """Events that concern a wallet as owner or counterparty."""
        return _positioned(await self._pool.fetch(_OF_WALLET, *_bounds(after, limit), wallet_id))

    async def end(self) -> Position:
        """The position of the last readable event."""
        row = await self._pool.fetchrow(_END)
        return START if row is None else Position(row["generation"], row["xid"], row["id"])


def _bounds(cursor: Position, limit: int) -> tuple[int, str, int, int]:
    return cursor.generation, str(cursor.xid), cursor.id, min(limit, READ_EVENTS_MAX)


def _positioned(rows: Sequence[Record]) -> list[Logged]:
    return [
        Logged(Position(row["generation"], row["xid"], row["id"]), decode_event(row))
        for row in rows
    ]
