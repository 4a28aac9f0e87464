"""The context of one operation: who asks, in which language, and where answers come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import strawberry
from graphql import GraphQLError

from domain.contracts.views import (
    ErrorView,
    Role,
    TransactionView,
    UserView,
    as_recipient_sees,
)
from domain.shared.errors import DomainError, Refused
from domain.shared.ids import TransactionId, UserId, WalletId
from resolvers.loaders import Loaders, user_loader
from resolvers.ports import Feed, Money, Saved, Scope, SignIn, Texts, Views


class NobodyKnown(Refused):
    """The token is good, but the user that it names is not there."""

    code = "AUTH_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that resolvers use of the platform."""

    views: Views
    money: Money
    saved: Saved
    feed: Feed
    sign_in: SignIn
    texts: Texts


class Context:
    """Made without waiting, for each operation anew; a subscription renews its loaders."""

    def __init__(self, scope: Scope, ports: Ports) -> None:
        self.ports = ports
        self.users = user_loader(ports.views)
        self._scope = scope
        self.loaders = Loaders(ports.views)

    def renew(self) -> None:
        """Forgets what was read: something has changed since."""
        self.loaders = Loaders(self.ports.views)

    def user_id(self) -> UserId:
        """Who is signed in; raises the transport's error for anybody else."""
        try:
            return UserId(UUID(self._scope.require_principal().user_id))
        except ValueError:
            raise NobodyKnown from None

    async def viewer(self) -> UserView:
        """The signed-in user as stored. Raises `NobodyKnown`."""
        viewer = await self.users.load(self.user_id())
        if viewer is None:
            raise NobodyKnown
        return viewer

    async def wallet_id(self) -> WalletId:
        """The signed-in user's wallet. Raises `NobodyKnown`."""
        wallet_id = await self.ports.views.wallet_of(self.user_id())
        if wallet_id is None:
            raise NobodyKnown
        return wallet_id

    async def transaction(self, transaction_id: TransactionId) -> TransactionView | None:
        """The transaction as the viewer may see it; None where it is not theirs."""
        view = await self.ports.views.transaction(await self.wallet_id(), transaction_id)
        return None if view is None else as_viewer_sees(view)

    def explain(self, code: str, details: Mapping[str, str] | None = None) -> ErrorView:
        """The texts of a code in the caller's language."""
        return self.ports.texts.explain(
            code, accept_language=self._scope.accept_language, details=details
        )

    def explain_error(self, error: DomainError) -> ErrorView:
        """The texts of an error, with its details, in the caller's language."""
        return self.ports.texts.explain(
            error.code,
            accept_language=self._scope.accept_language,
            details=error.details,
            field=error.field,
        )

    def refusal(self, error: DomainError) -> GraphQLError:
        """The error of a read, which has no payload to carry typed ones."""
        text = self.explain_error(error)
        return GraphQLError(
            f"{text.what_happened} {text.what_to_do}", extensions={"code": text.code}
        )


Info = strawberry.Info[Context, None]


def as_viewer_sees(view: TransactionView) -> TransactionView | None:
    """The transaction with what the viewer's role may know of it."""
    return as_recipient_sees(view) if view.role is Role.RECIPIENT else view


def context_factory(ports: Ports) -> Callable[[Scope], Context]:
    """What the endpoint makes its contexts with."""
    return lambda scope: Context(scope, ports)
