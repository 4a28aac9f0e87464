"""Positions in strategies that are open: what their launches booked and nothing has closed yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from domain.contracts.envelope import EventPayload
from domain.contracts.strategy_events import PositionValued, StrategyBalanceUpdated
from domain.shared.ids import UserId, WalletId
from infrastructure.db.encoding import decode_payload
from infrastructure.db.leases import Leases
from infrastructure.db.pool import Pool, Record

_OPEN: Final = """
    SELECT o.data::text AS data, o.occurred_at, b.posted, b.held, a.address
    FROM outbox o
    JOIN account c ON c.code = format('strategy:%s:%s', o.wallet_id, o.stream_id)
    JOIN balance b ON b.account_id = c.id
    JOIN wallet_address a ON a.wallet_id = o.wallet_id AND a.chain = 'SOLANA'
    WHERE o.wallet_id = $1 AND o.type = 'StrategyBalanceUpdated' AND b.posted > 0
    ORDER BY o.occurred_at
"""

_WATCHED: Final = """
    SELECT o.data::text AS data, o.occurred_at, o.wallet_id, o.user_id, b.posted, b.held, a.address,
        v.data::text AS told
    FROM outbox o
    JOIN account c ON c.code = format('strategy:%s:%s', o.wallet_id, o.stream_id)
    JOIN balance b ON b.account_id = c.id
    JOIN wallet_address a ON a.wallet_id = o.wallet_id AND a.chain = 'SOLANA'
    LEFT JOIN LATERAL (
        SELECT data FROM outbox n
        WHERE n.type = 'PositionValued' AND n.data->>'position_id' = o.stream_id::text
        ORDER BY (n.data->>'number')::integer DESC LIMIT 1
    ) v ON true
    WHERE o.type = 'StrategyBalanceUpdated' AND b.posted > 0 AND o.stream_id > $1
    ORDER BY o.stream_id LIMIT $2
"""
FIRST: Final = UUID(int=0)
P = TypeVar("P", bound=EventPayload)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """`principal` as the ledger has it; `closing`: a stop holds it."""

    opened: StrategyBalanceUpdated
    opened_at: datetime
    owner_address: str
    principal: int
    closing: bool

    @property
    def id(self) -> UUID:
        return self.opened.position_id


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPosition:
    """An open position, whose it is, and what was told of it last."""

    position: OpenPosition
    wallet_id: WalletId
    user_id: UserId | None
    told: PositionValued | None


class PositionReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    LEASE: Final = "positions"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._leases = Leases(pool)

    async def open_positions(self, wallet_id: WalletId) -> list[OpenPosition]:
        """The oldest first."""
        rows = await self._pool.fetch(_OPEN, wallet_id)
        return [_position(row) for row in rows]

    async def watched(self, after: UUID, limit: int) -> list[WatchedPosition]:
        """The next page of all that are open, by id."""
        rows = await self._pool.fetch(_WATCHED, after, limit)
        return [
            WatchedPosition(
                position=_position(row),
                wallet_id=row["wallet_id"],
                user_id=row["user_id"],
                told=row["told"] and _payload(PositionValued, row["told"]),
            )
            for row in rows
        ]

    async def acquire(self, owner: str, *, seconds: float) -> bool:
        """Whether `owner` is the one who watches, for that long."""
        return await self._leases.acquire(self.LEASE, owner, seconds=seconds) is not None


def _position(row: Record) -> OpenPosition:
    return OpenPosition(
        opened=_payload(StrategyBalanceUpdated, row["data"]),
        opened_at=row["occurred_at"],
        owner_address=row["address"],
        principal=row["posted"],
        closing=row["held"] > 0,
    )


def _payload(wanted: type[P], data: str) -> P:
    payload = decode_payload(wanted.type_name(), data)
    if not isinstance(payload, wanted):
        raise msgspec.ValidationError(f"no {wanted.type_name()}")
    return payload
