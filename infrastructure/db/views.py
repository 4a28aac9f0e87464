"""The read side: what the API shows of users, wallets and transactions."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from domain.contracts.views import (
    STATES_SHOWN_TO_RECIPIENTS,
    AttemptView,
    BalanceView,
    InteractionView,
    PageRequest,
    PageView,
    StepView,
    TimelineEntryView,
    TransactionView,
    UserActionView,
    UserView,
    WalletView,
)
from domain.shared.assets import Chain
from domain.shared.ids import TransactionId, UserId, WalletId
from domain.shared.money import WalletAddress
from infrastructure.db import views_statements as statements
from infrastructure.db.pool import Pool
from infrastructure.db.query import Query, Row
from infrastructure.db.views_paging import Place, beginning, page_of
from infrastructure.db.views_rows import (
    action_view,
    balance_views,
    transaction_as_seen,
    view_of,
)

View = TypeVar("View")

_SHOWN: Final = sorted(STATES_SHOWN_TO_RECIPIENTS)
_WALLETS_KNOWN_MAX: Final = 50_000  # some 15 MB


class DatabaseViews:
    """Reads through a pool of `infrastructure.db.pool`; each method is one statement or two.

    `fee_reserve`: base units of USDC that stay in Available. What belongs to nobody or to somebody else is absent, never an error.
    """

    def __init__(self, pool: Pool, *, fee_reserve: int) -> None:
        self._pool = pool
        self._fee_reserve = fee_reserve
        self._wallets: dict[UserId, WalletId] = {}

    async def wallet_of(self, user_id: UserId) -> WalletId | None:
        """Whose wallet is whose never changes: the database is asked once."""
        known = self._wallets.get(user_id)
        if known is not None:
            return known
        user = await self.user(user_id)
        if user is None:
            return None
        if len(self._wallets) >= _WALLETS_KNOWN_MAX:
            self._wallets.clear()
        self._wallets[user_id] = user.wallet_id
        return user.wallet_id

    async def user(self, user_id: UserId) -> UserView | None:
        row = await statements.USER.first(self._pool, wanted_id=user_id)
        return None if row is None else view_of(UserView, row)

    async def wallet(self, wallet_id: WalletId) -> WalletView | None:
        row = await statements.WALLET.first(self._pool, wanted_id=wallet_id)
        if row is None:
            return None
        rows = await statements.ADDRESSES.all(self._pool, wanted_id=wallet_id)
        addresses = [WalletAddress(each["address"], Chain(each["chain"].upper())) for each in rows]
        in_order = sorted(addresses, key=lambda each: each.chain)
        return view_of(WalletView, row, addresses=tuple(in_order))

    async def balances(self, wallet_id: WalletId) -> Sequence[BalanceView]:
        """By account; USDC is always there, with zeros where nothing was booked."""
        rows = await statements.BALANCES.all(self._pool, wanted_id=wallet_id)
        return balance_views(rows, fee_reserve=self._fee_reserve)

    async def transaction(
        self, wallet_id: WalletId, transaction_id: TransactionId
    ) -> TransactionView | None:
        """The transaction if the wallet is its sender, or its recipient and credited."""
        row = await statements.TRANSACTION.first(
            self._pool,
            wanted_id=transaction_id,
            viewer_wallet_id=wallet_id,
            shown_states=_SHOWN,
        )
        return None if row is None else transaction_as_seen(row, wallet_id)

    async def transactions(
        self, wallet_id: WalletId, page: PageRequest
    ) -> PageView[TransactionView]:
        """The wallet's transactions, newest first. Raises `VAL_CURSOR` and `VAL_PAGE`."""
        place = beginning(page)
        statement = statements.PAGE_BACKWARDS if page.backwards else statements.PAGE_FORWARDS
        rows = await statement.all(
            self._pool,
            viewer_wallet_id=wallet_id,
            shown_states=_SHOWN,
            place_at=place.at,
            place_id=place.id,
            row_count=page.count + 1,
        )
        return page_of(page, rows, place=_place, node=lambda row: _seen(row, wallet_id))

    async def timelines(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[TimelineEntryView]]:
        """In the order in which states were passed."""
        return await self._grouped(statements.TIMELINES, ids, _timeline_entry)

    async def steps(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[StepView]]:
        """In the order in which steps began and ended."""
        return await self._grouped(statements.STEPS, ids, lambda row: view_of(StepView, row))

    async def attempts(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[AttemptView]]:
        return await self._grouped(statements.ATTEMPTS, ids, lambda row: view_of(AttemptView, row))

    async def interactions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[InteractionView]]:
        return await self._grouped(
            statements.INTERACTIONS, ids, lambda row: view_of(InteractionView, row)
        )

    async def user_actions(
        self, ids: Sequence[TransactionId]
    ) -> Mapping[TransactionId, Sequence[UserActionView]]:
        """Oldest first, whatever their status."""
        return await self._grouped(statements.ACTIONS, ids, action_view)

    async def user_actions_of(self, wallet_id: WalletId) -> Sequence[UserActionView]:
        """Those of the wallet that are PENDING, oldest first."""
        rows = await statements.PENDING_ACTIONS.all(self._pool, wanted_id=wallet_id)
        return [action_view(row) for row in rows]

    async def _grouped(
        self, statement: Query, ids: Sequence[TransactionId], view: Callable[[Row], View]
    ) -> Mapping[TransactionId, Sequence[View]]:
        grouped: dict[TransactionId, list[View]] = defaultdict(list)
        for row in await statement.all(self._pool, wanted_ids=list(ids)):
            grouped[TransactionId(row["transaction_id"])].append(view(row))
        return dict(grouped)


def _timeline_entry(row: Row) -> TimelineEntryView:
    return view_of(TimelineEntryView, row, sequence=row["event_sequence"])


def _place(row: Row) -> Place:
    return Place(row["created_at"], row["id"])


def _seen(row: Row, viewer: WalletId) -> TransactionView:
    seen = transaction_as_seen(row, viewer)
    if seen is None:
        raise LookupError("the statement lets through what the viewer may not see")
    return seen
