"""The signed-in user."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import UserView
from domain.shared.errors import DomainError
from domain.shared.ids import WalletId
from resolvers.context import Info
from resolvers.ids import Kind, encode
from schema.fields import described
from schema.limits import Limits
from schema.node import Node
from schema.user_action import UserAction
from schema.wallet import Wallet, load_wallet


@strawberry.type(description="A user, as they see themselves.")
class User(Node):
    wallet_key: strawberry.Private[WalletId]
    username: str
    kyc_level: str
    country: str | None
    created_at: datetime

    @strawberry.field
    async def wallet(self, info: Info) -> Wallet | None:
        return await load_wallet(self.wallet_key, info)

    @described("What the user may still move, and what of it is used.")
    async def limits(self, info: Info) -> Limits:
        try:
            return Limits.of(await info.context.ports.money.limits(info.context.user_id()))
        except DomainError as error:
            raise info.context.refusal(error) from error

    @described("What the user is asked to do now, oldest first.")
    async def user_actions(self, info: Info) -> list[UserAction]:
        views = await info.context.loaders.pending_actions.load(self.wallet_key)
        return [UserAction.of(view) for view in views]

    @classmethod
    def of(cls, view: UserView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.USER, view.id)),
            wallet_key=view.wallet_id,
            username=view.username,
            kyc_level=view.kyc_level,
            country=view.country,
            created_at=view.created_at,
        )
