"""The port of live events in memory: what tests have happened, told to who listens."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from domain.shared.ids import TransactionId, UserId, WalletId
from resolvers.ports import Resync, Update
from tests.unit.graphql.examples import NOW, transaction_id


@dataclass(frozen=True, kw_only=True)
class Event:
    cursor: str = "k1"
    sequence: int = 1
    type: str = "AvailableBalanceReserved"
    kind: str = "BalanceReserved"
    state: str | None = "BALANCE_RESERVED"
    sub_state: str | None = None
    occurred_at: datetime = NOW
    transaction_id: TransactionId = field(default_factory=lambda: transaction_id(1))
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Lost:
    cursor: str


@dataclass
class MemoryFeed:
    """Yields `items`; an `after` of other than letters and digits is no cursor."""

    items: list[Update | Resync] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    closed: int = 0

    async def transaction_updates(
        self,
        principal_user_id: UserId,
        wallet_id: WalletId,
        transaction_id: TransactionId | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        self.asked.append((principal_user_id, wallet_id, transaction_id, after))
        async with aclosing(self._follow(after)) as items:
            async for item in items:
                yield item

    async def wallet_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        self.asked.append((principal_user_id, wallet_id, after))
        async with aclosing(self._follow(after)) as items:
            async for item in items:
                yield item

    async def strategy_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | Resync, None]:
        async with aclosing(
            self.wallet_updates(wallet_id, after, principal_user_id=principal_user_id)
        ) as items:
            async for item in items:
                yield item

    async def _follow(self, after: str | None) -> AsyncGenerator[Update | Resync, None]:
        try:
            if after is not None and not after.isalnum():
                raise ValueError("no cursor")
            for item in self.items:
                yield item
                await asyncio.sleep(0)
        finally:
            self.closed += 1
