"""Live events, with what they are about read anew behind each."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

import strawberry

from domain.shared.errors import DomainError
from domain.shared.ids import TransactionId
from domain.transaction.errors import UnknownTransaction
from resolvers.context import Info
from resolvers.ids import Kind, decode
from resolvers.pages import InvalidCursor
from resolvers.ports import Resync, Update
from resolvers.queries import viewer_of
from schema.fields import streamed
from schema.subscriptions import StrategyUpdate, TransactionUpdate, WalletUpdate

Shown = TypeVar("Shown")
Items = AsyncGenerator[Update | Resync, None]


@strawberry.type
class Subscription:
    """The resolvers wait before they stream, so that a refusal comes instead of a stream."""

    @streamed(
        "The events of one transaction, or of all of the viewer's. "
        "With `after`, first those that came behind that cursor."
    )
    async def transaction_updates(
        self,
        info: Info,
        id: strawberry.ID | None = None,  # noqa: A002 (the API's name)
        after: str | None = None,
    ) -> AsyncGenerator[TransactionUpdate, None]:
        viewer = await viewer_of(info)
        key = None if id is None else await _own_transaction(info, id)
        feed = info.context.ports.feed
        items = feed.transaction_updates(viewer.id, viewer.wallet_id, key, after)
        return _shown(info, items, after, TransactionUpdate.of)

    @streamed(
        "The events after which the viewer's balances are others. "
        "With `after`, first those that came behind that cursor."
    )
    async def wallet_updates(
        self, info: Info, after: str | None = None
    ) -> AsyncGenerator[WalletUpdate, None]:
        viewer = await viewer_of(info)
        feed = info.context.ports.feed
        items = feed.wallet_updates(viewer.wallet_id, after, principal_user_id=viewer.id)
        return _shown(info, items, after, WalletUpdate.of)

    @streamed(
        "What is new of the viewer's positions in strategies: opened, another value, the end of a "
        "lock, a value that has become stale, closed. With `after`, first what came behind that cursor."
    )
    async def strategy_updates(
        self, info: Info, after: str | None = None
    ) -> AsyncGenerator[StrategyUpdate, None]:
        viewer = await viewer_of(info)
        feed = info.context.ports.feed
        items = feed.strategy_updates(viewer.wallet_id, after, principal_user_id=viewer.id)
        return _shown(info, items, after, StrategyUpdate.of)


async def _own_transaction(info: Info, text: str) -> TransactionId:
    """The transaction named, if the viewer may see it; else the refusal of one that is not."""
    try:
        key = TransactionId(decode(Kind.TRANSACTION, text))
        if await info.context.transaction(key) is None:
            raise UnknownTransaction(field="id")
    except DomainError as error:
        raise info.context.refusal(error) from error
    return key


async def _shown(
    info: Info, items: Items, after: str | None, show: Callable[[Update | Resync], Shown]
) -> AsyncGenerator[Shown, None]:
    """The items of a feed; nothing that was read for one is shown behind the next."""
    async with aclosing(items):
        first = await _first(info, items, after)
        if first is None:
            return
        yield show(first)
        async for item in items:
            info.context.renew()
            yield show(item)


async def _first(info: Info, items: Items, after: str | None) -> Update | Resync | None:
    """The first item. The feed reads the cursor before it; what it cannot read is refused."""
    try:
        return await anext(items, None)
    except ValueError as error:
        if after is None:
            raise
        raise info.context.refusal(InvalidCursor(field="after")) from error
