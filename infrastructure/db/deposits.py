"""Whose deposits to look for, how far the looking is, and which of them a transaction accounts for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.provider.effects import EffectKind
from domain.provider.ports.chain import Credit
from domain.shared.assets import ASSETS, Asset, Chain
from domain.shared.ids import UserId, WalletId
from infrastructure.db.leases import Leases
from infrastructure.db.pool import Pool

_RECEIVERS: Final = """
    SELECT a.wallet_id, w.user_id, a.address, w.created_at, c.signature AS looked_up_to
    FROM wallet_address a JOIN wallet w ON w.id = a.wallet_id
    LEFT JOIN deposit_cursor c ON c.address = a.address AND c.asset = $3
    WHERE a.chain = $1 AND a.wallet_id > $2 ORDER BY a.wallet_id LIMIT $4
"""
# A broadcast's key is its hash, stored before anything is sent.
_BROADCAST: Final = "SELECT key FROM effect WHERE key = ANY ($1)"
_OWN: Final = """
    SELECT e.key FROM effect e JOIN transaction t ON t.id = e.stream_id
    WHERE e.key = ANY ($1) AND e.wallet_id = $2 AND t.state = 'COMPLETED'
"""
# What may claim a credit of that wallet: who is followed, and whoever on the platform sent it.
_AWAITED: Final = """
    SELECT true FROM effect e JOIN transaction t ON t.id = e.stream_id
    WHERE t.wallet_id = $2 AND e.kind = ANY ($3) AND e.state IN ('INTENT', 'PENDING', 'UNKNOWN')
        AND (t.target_asset = ANY ($4) OR t.asset = ANY ($4))
    UNION ALL
    SELECT true FROM effect e JOIN transaction t ON t.id = e.stream_id
    WHERE e.key = $1 AND t.state NOT IN ('COMPLETED', 'FAILED')
    LIMIT 1
"""
_LOOKED: Final = """
    INSERT INTO deposit_cursor AS c (address, asset, signature) VALUES ($1, $2, $3)
    ON CONFLICT (address, asset) DO UPDATE SET signature = EXCLUDED.signature
"""
_HEIGHT: Final = "SELECT height FROM deposit_height WHERE chain = $1"
_LOOKED_TO: Final = """
    INSERT INTO deposit_height AS h (chain, height) VALUES ($1, $2)
    ON CONFLICT (chain) DO UPDATE SET height = GREATEST(h.height, EXCLUDED.height)
"""
_LEAVE: Final = """
    INSERT INTO deposit_left
        (chain, signature, instruction, account, wallet_id, asset, amount, senders)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_LEFT: Final = """
    SELECT l.signature AS transaction_hash, l.instruction AS index, l.asset, l.account AS address,
        l.amount, l.senders, l.wallet_id, w.user_id,
        l.found_at <= clock_timestamp() - make_interval(secs => $2) AS is_due
    FROM deposit_left l JOIN wallet w ON w.id = l.wallet_id
    WHERE l.chain = $1 ORDER BY l.found_at LIMIT $3
"""
_SETTLED: Final = """
    DELETE FROM deposit_left
    WHERE chain = $1 AND signature = $2 AND instruction = $3 AND account = $4
"""
FIRST: Final = WalletId(UUID(int=0))
LEFT_MAX: Final = 1_000
"""So many that were left are looked at again at once."""

AWAITING: Final = (
    EffectKind.ONRAMP_OPEN,
    EffectKind.ONRAMP_CHECK,
    EffectKind.SWAP_TRACK,
    EffectKind.PAYOUT_CHECK,
)
"""The effects that follow what a provider is to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a credit is."""

    wallet_id: WalletId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver(Owner):
    """A wallet's address on a chain; `looked_up_to` is the last transaction that was looked at."""

    address: str
    created_at: datetime
    looked_up_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A credit that was left to a transaction; `is_due` once that was long enough."""

    owner: Owner
    credit: Credit
    is_due: bool


class DepositStore:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._leases = Leases(pool)

    async def receivers(
        self, chain: Chain, after: WalletId, limit: int, *, asset: Asset | None = None
    ) -> list[Receiver]:
        """The next page of wallets, by id; with how far each was looked at for `asset`."""
        symbol = None if asset is None else asset.symbol
        rows = await self._pool.fetch(_RECEIVERS, chain, after, symbol, limit)
        return [Receiver(**dict(row)) for row in rows]

    async def broadcast_by_us(self, signatures: Sequence[str]) -> set[str]:
        """Those of the signatures that a transaction of the platform accounts for."""
        return {row["key"] for row in await self._pool.fetch(_BROADCAST, list(signatures))}

    async def own(self, signatures: Sequence[str], wallet_id: WalletId) -> set[str]:
        """Those that the wallet itself sent, through the platform, and that did what they were for:
        whatever they brought back is booked with them."""
        rows = await self._pool.fetch(_OWN, list(signatures), wallet_id)
        return {row["key"] for row in rows}

    async def is_awaited(self, credit: Credit, wallet_id: WalletId) -> bool:
        """Whether an open transaction may still claim it."""
        chain = ASSETS[credit.asset].chain
        symbols = [asset.symbol for asset in ASSETS.values() if asset.chain is chain]
        found = await self._pool.fetchval(
            _AWAITED, credit.transaction_hash, wallet_id, list(AWAITING), symbols
        )
        return bool(found)

    async def looked(self, address: str, asset: Asset, signature: str) -> None:
        """Everything up to this transaction has been booked or passed over."""
        await self._pool.execute(_LOOKED, address, asset.symbol, signature)

    async def height(self, chain: Chain) -> int | None:
        """The block up to which `looked_to` was called last."""
        height: int | None = await self._pool.fetchval(_HEIGHT, chain)
        return height

    async def looked_to(self, chain: Chain, height: int) -> None:
        """Everything up to this block has been booked, left, or passed over."""
        await self._pool.execute(_LOOKED_TO, chain, height)

    async def leave(self, owner: Owner, credit: Credit) -> None:
        """To be looked at again."""
        await self._pool.execute(
            _LEAVE,
            ASSETS[credit.asset].chain,
            credit.transaction_hash,
            credit.index,
            credit.address,
            owner.wallet_id,
            credit.asset,
            credit.amount,
            list(credit.senders),
        )

    async def left(self, chain: Chain, *, patience_seconds: float) -> list[Left]:
        """What was left on a chain, the oldest first."""
        rows = await self._pool.fetch(_LEFT, chain, patience_seconds, LEFT_MAX)
        return [
            Left(
                owner=Owner(wallet_id=row["wallet_id"], user_id=row["user_id"]),
                credit=Credit(
                    transaction_hash=row["transaction_hash"],
                    index=row["index"],
                    asset=row["asset"],
                    address=row["address"],
                    amount=int(row["amount"]),
                    senders=tuple(row["senders"]),
                ),
                is_due=row["is_due"],
            )
            for row in rows
        ]

    async def settled(self, credit: Credit) -> None:
        """It is booked: there is nothing left of it to look at."""
        await self._pool.execute(
            _SETTLED,
            ASSETS[credit.asset].chain,
            credit.transaction_hash,
            credit.index,
            credit.address,
        )

    async def acquire(self, lease: str, owner: str, *, seconds: float) -> bool:
        """Whether `owner` is the one who looks, for that long."""
        return await self._leases.acquire(lease, owner, seconds=seconds) is not None
