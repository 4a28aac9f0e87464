"""Positions in strategies that are open: what their launches booked and nothing has closed yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from domain.contracts.strategy_events import StrategyBalanceUpdated
from domain.shared.ids import WalletId
from infrastructure.db.encoding import decode_payload
from infrastructure.db.pool import Pool

_OPEN: Final = """
    SELECT o.data::text AS data, o.occurred_at, b.posted, b.held, a.address
    FROM outbox o
    JOIN account c ON c.code = format('strategy:%s:%s', o.wallet_id, o.stream_id)
    JOIN balance b ON b.account_id = c.id
    JOIN wallet_address a ON a.wallet_id = o.wallet_id AND a.chain = 'SOLANA'
    WHERE o.wallet_id = $1 AND o.type = 'StrategyBalanceUpdated' AND b.posted > 0
    ORDER BY o.occurred_at
"""


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


class PositionReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open_positions(self, wallet_id: WalletId) -> list[OpenPosition]:
        """The oldest first."""
        rows = await self._pool.fetch(_OPEN, wallet_id)
        return [
            OpenPosition(
                opened=_opened(row["data"]),
                opened_at=row["occurred_at"],
                owner_address=row["address"],
                principal=row["posted"],
                closing=row["held"] > 0,
            )
            for row in rows
        ]


def _opened(data: str) -> StrategyBalanceUpdated:
    payload = decode_payload(StrategyBalanceUpdated.type_name(), data)
    if not isinstance(payload, StrategyBalanceUpdated):
        raise msgspec.ValidationError("no opening of a position")
    return payload
