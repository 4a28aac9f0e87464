"""Whose deposits to look for, how far the looking is, and which movements are our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.shared.ids import UserId, WalletId
from infrastructure.db.leases import Leases
from infrastructure.db.pool import Pool

_RECEIVERS: Final = """
    SELECT a.wallet_id, w.user_id, a.address, c.signature AS looked_up_to
    FROM wallet_address a JOIN wallet w ON w.id = a.wallet_id
    LEFT JOIN deposit_cursor c ON c.address = a.address
    WHERE a.chain = 'SOLANA' AND a.wallet_id > $1 ORDER BY a.wallet_id LIMIT $2
"""
# A broadcast's key is its signature, stored before anything is sent.
_BROADCAST: Final = "SELECT key FROM effect WHERE key = ANY ($1)"
_SAVE: Final = """
    INSERT INTO deposit_cursor AS c (address, signature) VALUES ($1, $2)
    ON CONFLICT (address) DO UPDATE SET signature = EXCLUDED.signature
"""
FIRST: Final = WalletId(UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A wallet's address on Solana; `looked_up_to` is the last transaction that was looked at."""

    wallet_id: WalletId
    user_id: UserId
    address: str
    looked_up_to: str | None


class DepositStore:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    LEASE: Final = "deposits"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._leases = Leases(pool)

    async def receivers(self, after: WalletId, limit: int) -> list[Receiver]:
        """The next page of wallets, by id."""
        rows = await self._pool.fetch(_RECEIVERS, after, limit)
        return [Receiver(**dict(row)) for row in rows]

    async def broadcast_by_us(self, signatures: Sequence[str]) -> set[str]:
        """Those of the signatures that a transaction of the platform accounts for."""
        return {row["key"] for row in await self._pool.fetch(_BROADCAST, list(signatures))}

    async def looked(self, address: str, signature: str) -> None:
        """Everything up to this transaction has been booked or passed over."""
        await self._pool.execute(_SAVE, address, signature)

    async def acquire(self, owner: str, *, seconds: float) -> bool:
        """Whether `owner` is the one who looks, for that long."""
        return await self._leases.acquire(self.LEASE, owner, seconds=seconds) is not None
