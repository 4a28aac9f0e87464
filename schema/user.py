"""The signed-in user."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import UserView
from domain.shared.errors import DomainError
from domain.shared.ids import WalletId
from resolvers.context import Info
from resolvers.ids import Kind, encode
from schema.bank_account import BankAccount
from schema.fields import described
from schema.limits import Limits
from schema.node import Node
from schema.saved import Contact, SavedAddress, SavedPaymentMethod
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

    @described("Where money can be withdrawn to, the oldest first.")
    async def bank_accounts(self, info: Info) -> list[BankAccount]:
        views = await info.context.ports.money.bank_accounts(self.wallet_key)
        return [BankAccount.of(view) for view in views]

    @described("Other users that they keep, the oldest first.")
    async def contacts(self, info: Info) -> list[Contact]:
        views = await info.context.ports.saved.contacts(self.wallet_key)
        return [Contact.of(view) for view in views]

    @described("Addresses that they keep, the oldest first.")
    async def saved_addresses(self, info: Info) -> list[SavedAddress]:
        views = await info.context.ports.saved.addresses(self.wallet_key)
        return [SavedAddress.of(view) for view in views]

    @described("Payment methods that they keep, the oldest first.")
    async def payment_methods(self, info: Info) -> list[SavedPaymentMethod]:
        views = await info.context.ports.saved.payment_methods(self.wallet_key)
        return [SavedPaymentMethod.of(view) for view in views]

    @described("Providers that are chosen where others are hardly better.")
    async def preferred_providers(self, info: Info) -> list[str]:
        return list(await info.context.ports.saved.preferred(info.context.user_id()))

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
