"""A wallet: its addresses, its three balances, its transactions."""

from datetime import datetime
from typing import Self

import strawberry

from domain.contracts.views import BalanceKind, WalletView
from domain.shared.assets import USDC
from domain.shared.errors import DomainError
from domain.shared.ids import WalletId
from resolvers.context import Info
from resolvers.ids import Kind, encode
from resolvers.pages import page_request
from schema.balance import Balance
from schema.bank_account import BankAccount
from schema.fields import described
from schema.node import Node
from schema.strategy import StrategyPosition
from schema.transaction import TransactionConnection


@strawberry.type(description="Where a user receives on a chain.")
class ChainAddress:
    chain: str
    address: str


@strawberry.type(description="What a user holds. The keys to it are the user's alone.")
class Wallet(Node):
    key: strawberry.Private[WalletId]
    addresses: list[ChainAddress]
    created_at: datetime

    @described("The dollar balance: USDC, and nothing else.")
    async def available(self, info: Info) -> Balance:
        balances = await balances_of(self.key, BalanceKind.AVAILABLE, info)
        return balances[0] if balances else Balance.empty(BalanceKind.AVAILABLE, USDC.symbol)

    @described("The assets that were bought, one by one.")
    async def invested(self, info: Info) -> list[Balance]:
        return await balances_of(self.key, BalanceKind.INVESTED, info)

    @described("What works in strategies.")
    async def strategy(self, info: Info) -> list[Balance]:
        return await balances_of(self.key, BalanceKind.STRATEGY, info)

    @described("What is open in strategies, with its value as the protocols tell it now.")
    async def positions(self, info: Info) -> list[StrategyPosition]:
        views = await info.context.ports.money.positions(self.key)
        return [StrategyPosition.of(view) for view in views]

    @described("Where money can be withdrawn to, the oldest first.")
    async def bank_accounts(self, info: Info) -> list[BankAccount]:
        views = await info.context.ports.money.bank_accounts(self.key)
        return [BankAccount.of(view) for view in views]

    @described("Newest first: first and after, or last and before.")
    async def transactions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> TransactionConnection:
        return await transactions_of(
            self.key, info, first=first, after=after, last=last, before=before
        )

    @classmethod
    def of(cls, view: WalletView) -> Self:
        return cls(
            id=strawberry.ID(encode(Kind.WALLET, view.id)),
            key=view.id,
            addresses=[
                ChainAddress(chain=each.chain, address=each.address) for each in view.addresses
            ],
            created_at=view.created_at,
        )


async def balances_of(wallet_id: WalletId, kind: BalanceKind, info: Info) -> list[Balance]:
    views = await info.context.loaders.balances.load(wallet_id)
    return [Balance.of(view) for view in views if view.kind is kind]


async def transactions_of(
    wallet_id: WalletId,
    info: Info,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> TransactionConnection:
    """A page of the wallet's transactions; arguments that make no page are GraphQL errors."""
    try:
        page = page_request(first=first, after=after, last=last, before=before)
        return TransactionConnection.of(
            await info.context.ports.views.transactions(wallet_id, page)
        )
    except DomainError as error:
        raise info.context.refusal(error) from error


async def load_wallet(wallet_id: WalletId, info: Info) -> Wallet | None:
    view = await info.context.loaders.wallets.load(wallet_id)
    return None if view is None else Wallet.of(view)
