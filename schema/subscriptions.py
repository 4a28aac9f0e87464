"""What subscriptions send."""

from datetime import datetime
from typing import Final, Self

import strawberry

from domain.shared.ids import TransactionId
from domain.transaction.states import State
from resolvers.context import Info
from resolvers.ports import Resync, Update
from schema.fields import described
from schema.transaction import Transaction
from schema.wallet import Wallet, load_wallet

RESYNC_TYPE: Final = "ResyncRequired"


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

    @described("The transaction as it stands now.")
    async def transaction(self, info: Info) -> Transaction | None:
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
