"""The event log as messaging reads it, and what the relay keeps about its work."""

from collections.abc import Sequence
from typing import Final

from infrastructure.db.leases import Leases
from infrastructure.db.pool import Pool
from infrastructure.db.positions import START, Logged, Position
from infrastructure.db.streams import StreamReader
from infrastructure.messaging.channels import ALL_CHANNELS
from infrastructure.messaging.ports import RefillRefused, Scope
from infrastructure.workers.relay import Progress

RELAY: Final = "relay"

_LOAD: Final = """
    SELECT generation, xid::text::bigint AS xid, id FROM relay_cursor WHERE name = $1
"""
_OFFSETS: Final = 'SELECT channel, "offset" FROM relay_channel'
# Nothing is written unless the lease is still of this epoch; it is held longer in the same go.
_SAVE: Final = """
    WITH tenure AS (
        UPDATE lease l SET until = clock_timestamp() + make_interval(secs => $7)
        WHERE l.name = $1 AND l.epoch = $2 AND l.until > clock_timestamp() RETURNING l.epoch
    ), moved AS (
        INSERT INTO relay_cursor AS c (name, generation, xid, id, epoch)
        SELECT $1, $3, $4::text::xid8, $5, t.epoch FROM tenure t
        ON CONFLICT (name) DO UPDATE SET generation = EXCLUDED.generation, xid = EXCLUDED.xid,
            id = EXCLUDED.id, epoch = EXCLUDED.epoch
        RETURNING true
    ), counted AS (
        INSERT INTO relay_channel AS c (channel, "offset")
        SELECT n.channel - 1, n.number FROM tenure t,
            unnest($6::bigint[]) WITH ORDINALITY AS n(number, channel)
        ON CONFLICT (channel) DO UPDATE SET "offset" = EXCLUDED."offset"
    )
    SELECT EXISTS (SELECT FROM moved)
"""


class LogRefill:
    """What hubs replay from."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader

    async def head(self) -> Position:
        """The position of the last event that can be read."""
        return await self._reader.end()

    async def read(self, after: Position, limit: int) -> Sequence[Logged]:
        """The next events of all wallets. Raises `RefillRefused`."""
        found = await self._reader.read_events(after, limit)
        await self._refuse_unknown(after, found)
        return found

    async def replay(self, scope: Scope, after: Position, limit: int) -> Sequence[Logged]:
        """The next events within `scope`. Raises `RefillRefused`."""
        found = await self._within(scope, after, limit)
        await self._refuse_unknown(after, found)
        return found

    async def _within(self, scope: Scope, after: Position, limit: int) -> Sequence[Logged]:
        if scope.stream_id is not None:
            return await self._reader.replay_stream(
                scope.stream_id, wallet_id=scope.wallet_id, after=after, limit=limit
            )
        if scope.wallet_id is not None:
            return await self._reader.replay_wallet(scope.wallet_id, after=after, limit=limit)
        return await self._reader.read_events(after, limit)

    async def _refuse_unknown(self, after: Position, found: Sequence[Logged]) -> None:
        """A cursor beyond the end was given out by another log: a reset, or a restore that lost
        what came last."""
        if not found and after != START and after > await self._reader.end():
            raise RefillRefused("the cursor is ahead of the log")


class RelayStore:
    """The relay's progress and its tenure."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._leases = Leases(pool)

    async def load(self) -> Progress:
        """What was stored last; the beginning, where nothing was."""
        row = await self._pool.fetchrow(_LOAD, RELAY)
        cursor = START if row is None else Position(row["generation"], row["xid"], row["id"])
        offsets = [0] * ALL_CHANNELS
        for channel, offset in await self._pool.fetch(_OFFSETS):
            offsets[channel] = offset
        return Progress(cursor, tuple(offsets))

    async def save(self, progress: Progress, *, epoch: int, seconds: float) -> bool:
        """Stores it and holds the lease of `epoch` longer; False where that is another's by now."""
        at = progress.cursor
        saved: bool = await self._pool.fetchval(
            _SAVE, RELAY, epoch, at.generation, str(at.xid), at.id, list(progress.offsets), seconds
        )
        return saved

    async def acquire(self, holder: str, *, seconds: float) -> int | None:
        """The lease's epoch, or None while another holds it."""
        return await self._leases.acquire(RELAY, holder, seconds=seconds)

    async def renew(self, _holder: str, *, epoch: int, seconds: float) -> bool:
        """False where it is lost."""
        return await self._leases.renew(RELAY, epoch, seconds=seconds)

    async def release(self, _holder: str, *, epoch: int) -> None:
        """Lets a successor in at once."""
        await self._leases.release(RELAY, epoch)
