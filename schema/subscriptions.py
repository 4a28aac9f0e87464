"""What subscriptions send."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self
from uuid import UUID

import strawberry

from domain.contracts.strategy_events import PositionNews
from domain.shared.ids import TransactionId
from domain.transaction.states import State
from resolvers.context import Info
from resolvers.ids import Kind, encode
from resolvers.ports import Resync, Update
from schema.fields import described
from schema.strategy import StrategyPosition
from schema.transaction import Transaction
from schema.wallet import Wallet, load_wallet

RESYNC_TYPE: Final = "ResyncRequired"

strawberry.enum(PositionNews, description="What is new of an open position.")


@strawberry.interface(description="One event. Go on after `cursor` to miss none.")
class Item:
    cursor: str
    resync: bool = strawberry.field(
        description="Events before this could not be sent: read the state anew."
    )
    type: str
    kind: str = strawberry.field(description="The general event that the type specialises.")
    sequence: int | None = strawberry.field(description="Counts the transaction's events from 1.")
    state: State | None
    sub_state: str | None
    occurred_at: datetime | None
    transaction_key: strawberry.Private[TransactionId | None]
    data: strawberry.Private[Mapping[str, object]]

    @described("The transaction as it stands now.")
    async def transaction(self, info: Info) -> Transaction | None:
        return await self.transaction_now(info)

    async def transaction_now(self, info: Info) -> Transaction | None:
        if self.transaction_key is None:
            return None
        view = await info.context.transaction(self.transaction_key)
        return None if view is None else Transaction.of(view)

    @classmethod
    def of(cls, item: Update | Resync) -> Self:
        if isinstance(item, Update):
            return cls(
                cursor=item.cursor,
                resync=False,
                type=item.type,
                kind=item.kind,
                sequence=item.sequence,
                state=None if item.state is None else State(item.state),
                sub_state=item.sub_state,
                occurred_at=item.occurred_at,
                transaction_key=item.transaction_id,
                data=item.data,
            )
        return cls(
            cursor=item.cursor,
            resync=True,
            type=RESYNC_TYPE,
            kind=RESYNC_TYPE,
            sequence=None,
            state=None,
            sub_state=None,
            occurred_at=None,
            transaction_key=None,
            data={},
        )


@strawberry.type(description="An event of one of the viewer's transactions.")
class TransactionUpdate(Item):
    pass


@strawberry.type(description="An event after which some balance of the wallet is another.")
class WalletUpdate(Item):
    @described("The wallet as it stands now.")
    async def wallet(self, info: Info) -> Wallet | None:
        viewer = await info.context.viewer()
        return await load_wallet(viewer.wallet_id, info)


@strawberry.type(description="What is new of a position in a strategy.")
class StrategyUpdate(Item):
    @described("Which position; null while a launch has opened none.")
    async def position_id(self, info: Info) -> strawberry.ID | None:
        told = self.data.get("position_id")
        if told:
            return strawberry.ID(encode(Kind.POSITION, UUID(str(told))))
        transaction = await self.transaction_now(info)
        return None if transaction is None else transaction.position_id

    @described("Of a position that is watched: what became new of it.")
    def news(self) -> PositionNews | None:
        told = self.data.get("news")
        return None if told is None else PositionNews(str(told))

    @described("The value that it was told with; with STALE the last that is known.")
    def value(self) -> str | None:
        told = self.data.get("value")
        return None if told is None else str(told)

    @described("What is open now, with its value as the protocols tell it now.")
    async def positions(self, info: Info) -> list[StrategyPosition]:
        viewer = await info.context.viewer()
        views = await info.context.ports.money.positions(viewer.wallet_id)
        return [StrategyPosition.of(view) for view in views]
