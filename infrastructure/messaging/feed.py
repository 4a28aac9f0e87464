"""What subscriptions show: a user's transactions and wallets, as they change."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from domain.shared.ids import StreamId, TransactionId, UserId, WalletId
from infrastructure.messaging.codec import decode_cursor
from infrastructure.messaging.hub import Hub
from infrastructure.messaging.ports import Scope
from infrastructure.messaging.projections import Audience, Json
from infrastructure.messaging.subscription import Authorise, Delivery, Interest, Resync

BALANCE_KINDS: Final = frozenset(
    {"BalanceReserved", "BalanceUpdated", "BalanceReservationReleased"}
)
"""The general events after which some balance is another."""
STRATEGY_EVENTS: Final = frozenset(
    {"StrategyBalanceUpdated", "PositionValued", "PositionReserved", "StrategyStopCompleted"}
)
"""The events after which what is in strategies is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One event as its reader sees it. `cursor` is what to go on after.

    `transaction_id` is the stream's identifier: that of the transaction, where it is one.
    """

    cursor: str
    id: UUID
    sequence: int
    type: str
    kind: str
    state: str | None
    sub_state: str | None
    attempt: int
    skipped: bool
    occurred_at: datetime
    transaction_id: TransactionId
    data: dict[str, Json]
    audience: Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncRequired:
    """Events were skipped that cannot be replayed: read the state anew, go on after `cursor`."""

    cursor: str


Permit = Callable[[UserId, Delivery], Awaitable[bool]]


class TransactionFeed:
    """`permit` is asked for each event whether the principal may (still) see it.

    Both feeds replay what came after the cursor `after` and then go live; without one they start
    now. They raise `InvalidCursor` for a text that is no cursor, and never lose an event.
    """

    def __init__(self, hub: Hub, *, permit: Permit | None = None) -> None:
        self._hub = hub
        self._permit = permit

    async def transaction_updates(
        self,
        principal_user_id: UserId,
        wallet_id: WalletId,
        transaction_id: TransactionId | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[Update | ResyncRequired, None]:
        """The events of one transaction of the wallet, or of all. What is no transaction's (a deposit
        that nobody announced, a wish that was refused) has no state and is not among them."""
        stream_id = None if transaction_id is None else StreamId(transaction_id)
        interest = Interest(Scope(wallet_id, stream_id))
        async with aclosing(self._follow(interest, principal_user_id, after)) as updates:
            async for update in updates:
                if isinstance(update, ResyncRequired) or update.state is not None:
                    yield update

    async def wallet_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | ResyncRequired, None]:
        """The events that change the wallet's balances."""
        interest = Interest(Scope(wallet_id), BALANCE_KINDS)
        async with aclosing(self._follow(interest, principal_user_id, after)) as updates:
            async for update in updates:
                yield update

    async def strategy_updates(
        self,
        wallet_id: WalletId,
        after: str | None = None,
        *,
        principal_user_id: UserId | None = None,
    ) -> AsyncGenerator[Update | ResyncRequired, None]:
        """What is new of the wallet's positions: opened, valued, unlocked, stale, closed."""
        interest = Interest(Scope(wallet_id))
        async with aclosing(self._follow(interest, principal_user_id, after)) as updates:
            async for update in updates:
                if isinstance(update, ResyncRequired) or update.type in STRATEGY_EVENTS:
                    yield update

    async def _follow(
        self, interest: Interest, principal: UserId | None, after: str | None
    ) -> AsyncGenerator[Update | ResyncRequired, None]:
        position = None if after is None else decode_cursor(after)
        items = self._hub.subscribe(
            interest, after=position, authorise=self._authorise_for(principal)
        )
        async with aclosing(items):
            async for item in items:
                yield update_of(item)

    def _authorise_for(self, principal: UserId | None) -> Authorise | None:
        if principal is None or self._permit is None:
            return None
        return partial(self._permit, principal)


def update_of(item: Delivery | Resync) -> Update | ResyncRequired:
    """A delivery as the API shows it."""
    cursor = item.position.encode()
    if isinstance(item, Resync):
        return ResyncRequired(cursor=cursor)
    event, message = item.event, item.message
    return Update(
        cursor=cursor,
        id=UUID(event.id),
        sequence=event.sequence,
        type=event.type,
        kind=event.kind,
        state=message.state,
        sub_state=message.sub_state,
        attempt=event.attempt,
        skipped=event.skipped,
        occurred_at=event.time,
        transaction_id=TransactionId(message.stream_id),
        data=event.data,
        audience=item.audience,
    )
