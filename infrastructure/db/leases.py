"""Tenure of the relay, of reader slots and of watchers: a row with an epoch, never a kept lock."""

from dataclasses import dataclass
from typing import Final

from infrastructure.db.pool import Pool

_ACQUIRE: Final = """
    INSERT INTO lease AS l (name, owner, epoch, until)
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (name) DO UPDATE
        SET owner = EXCLUDED.owner, epoch = l.epoch + 1, until = EXCLUDED.until
        WHERE l.until <= clock_timestamp() OR l.owner = EXCLUDED.owner
    RETURNING epoch
"""
_RENEW: Final = """
    UPDATE lease SET until = clock_timestamp() + make_interval(secs => $3)
    WHERE name = $1 AND epoch = $2 AND until > clock_timestamp() RETURNING true
"""
# The row stays, so that epochs of a name never repeat.
_RELEASE: Final = "UPDATE lease SET until = clock_timestamp() WHERE name = $1 AND epoch = $2"


@dataclass(frozen=True, slots=True)
class Leases:
    """Named leases. Whoever writes under one says its epoch, and a late writer is refused."""

    pool: Pool

    async def acquire(self, name: str, owner: str, *, seconds: float) -> int | None:
        """The epoch of a new tenure; None while another owner holds it. An owner that acquires
        again begins a new epoch."""
        epoch: int | None = await self.pool.fetchval(_ACQUIRE, name, owner, seconds)
        return epoch

    async def renew(self, name: str, epoch: int, *, seconds: float) -> bool:
        """Hold it longer. False: it has run out or belongs to another; acquire it anew."""
        return bool(await self.pool.fetchval(_RENEW, name, epoch, seconds))

    async def release(self, name: str, epoch: int) -> None:
        """Let the next owner in at once."""
        await self.pool.execute(_RELEASE, name, epoch)
