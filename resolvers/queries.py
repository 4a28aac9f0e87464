"""The reads at the root."""

import strawberry

from domain.contracts.views import UserView
from domain.shared.errors import DomainError
from domain.shared.ids import TransactionId
from resolvers.context import Info
from resolvers.ids import Kind, decode, decode_any
from resolvers.pages import page_request
from resolvers.previews import look_ahead
from resolvers.wishes import Asker
from schema.errors import Error
from schema.fields import described
from schema.inputs import StrategyStopPreviewInput, TransactionPreviewInput
from schema.node import Node
from schema.payloads import (
    Preview,
    StopPreviewed,
    StrategyStopPreviewPayload,
    TransactionPreviewPayload,
)
from schema.price import AssetPrice
from schema.strategy import StrategiesWhereInput, StrategyConnection
from schema.transaction import Transaction, TransactionConnection, load_transaction
from schema.user import User
from schema.wallet import Wallet, load_wallet, transactions_of


@strawberry.type
class Query:
    @described("The signed-in user.")
    async def me(self, info: Info) -> User | None:
        return User.of(await viewer_of(info))

    @described("The signed-in user's wallet.")
    async def wallet(self, info: Info) -> Wallet | None:
        viewer = await viewer_of(info)
        return await load_wallet(viewer.wallet_id, info)

    @described("One of the viewer's transactions; null for any other.")
    async def transaction(self, info: Info, id: strawberry.ID) -> Transaction | None:  # noqa: A002 (the API's name)
        try:
            await info.context.wallet_id()
            key = TransactionId(decode(Kind.TRANSACTION, id))
        except DomainError as error:
            raise info.context.refusal(error) from error
        return await load_transaction(key, info)

    @described("The viewer's transactions, newest first: first and after, or last and before.")
    async def transactions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> TransactionConnection:
        viewer = await viewer_of(info)
        return await transactions_of(
            viewer.wallet_id, info, first=first, after=after, last=last, before=before
        )

    @described("What a transaction would cost and bring, with a quote. It reserves nothing.")
    async def transaction_preview(
        self,
        info: Info,
        input: TransactionPreviewInput,  # noqa: A002 (the API's name)
    ) -> TransactionPreviewPayload:
        context, user_id = info.context, (await viewer_of(info)).id
        try:
            asker = Asker(user_id=user_id, saved=context.ports.saved)
            preview = await look_ahead(context.ports.money, asker, input)
        except DomainError as error:
            return TransactionPreviewPayload(errors=[Error.of(context.explain_error(error))])
        warnings = [
            Error.of(context.explain(notice.code, notice.details)) for notice in preview.warnings
        ]
        return TransactionPreviewPayload(preview=Preview.of(preview, warnings))

    @described(
        "The strategies that may be chosen, and the goals that point at them, in the order of their "
        "identifiers: first and after, or last and before."
    )
    async def strategies(
        self,
        info: Info,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        where: StrategiesWhereInput | None = None,
    ) -> StrategyConnection:
        await viewer_of(info)
        try:
            page = page_request(first=first, after=after, last=last, before=before)
            catalogue = await info.context.ports.money.strategies()
            return StrategyConnection.of(catalogue, page, where)
        except DomainError as error:
            raise info.context.refusal(error) from error

    @described("What each asset costs now, with source and time.")
    async def prices(self, info: Info) -> list[AssetPrice]:
        await viewer_of(info)
        return [AssetPrice.of(each) for each in await info.context.ports.money.prices()]

    @described("What a stop of a position would bring. It reserves nothing.")
    async def strategy_stop_preview(
        self,
        info: Info,
        input: StrategyStopPreviewInput,  # noqa: A002 (the API's name)
    ) -> StrategyStopPreviewPayload:
        user_id = (await viewer_of(info)).id
        try:
            key = decode(Kind.POSITION, input.position_id, field="input.positionId")
            preview = await info.context.ports.money.look_at_stop(user_id, key)
        except DomainError as error:
            return StrategyStopPreviewPayload(errors=[Error.of(info.context.explain_error(error))])
        return StrategyStopPreviewPayload(preview=StopPreviewed.of(preview))

    @described("Anything of the viewer's by its identifier; null for the rest.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 (Relay's name)
        viewer = await viewer_of(info)
        try:
            kind, key = decode_any(id)
        except DomainError as error:
            raise info.context.refusal(error) from error
        if kind is Kind.TRANSACTION:
            return await load_transaction(TransactionId(key), info)
        if kind is Kind.WALLET and key == viewer.wallet_id:
            return await load_wallet(viewer.wallet_id, info)
        return User.of(viewer) if kind is Kind.USER and key == viewer.id else None


async def viewer_of(info: Info) -> UserView:
    """Who is signed in; somebody unknown is a GraphQL error."""
    try:
        return await info.context.viewer()
    except DomainError as error:
        raise info.context.refusal(error) from error
