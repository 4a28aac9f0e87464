"""The schema as it is served, over ports that live in memory."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from domain.contracts.views import (
    UserView,
)
from infrastructure.catalogue.catalogue import Catalogue
from infrastructure.web.auth import TokenAuthority, TokenSettings
from infrastructure.web.endpoint import ServedSchema
from infrastructure.web.operation import ALL_OPERATIONS, Engine, OperationRequest
from infrastructure.web.validation import schema_extensions
from resolvers.context import Ports, context_factory
from schema.root import ROOTS
from tests.unit.graphql.examples import ALICE, NOW, transaction
from tests.unit.graphql.memory import MemoryMoney, MemorySignIn, MemoryViews
from tests.unit.graphql.memory_feed import MemoryFeed
from tests.unit.graphql.memory_saved import MemorySaved

SCHEMA = ServedSchema(**ROOTS, extensions=schema_extensions())
CATALOGUE = Catalogue.load()


@dataclass
class World:
    """The served schema with its ports."""

    views: MemoryViews = field(default_factory=lambda: MemoryViews(sent=[transaction(1)]))
    money: MemoryMoney = field(default_factory=MemoryMoney)
    saved: MemorySaved = field(default_factory=MemorySaved)
    feed: MemoryFeed = field(default_factory=MemoryFeed)

    def __post_init__(self) -> None:
        self.authority = TokenAuthority(TokenSettings(secret="s" * 32), now=lambda: NOW)
        ports = Ports(
            views=self.views,
            money=self.money,
            saved=self.saved,
            feed=self.feed,
            sign_in=MemorySignIn(),
            texts=CATALOGUE,
        )
        self._engine = Engine(
            schema=SCHEMA, make_context=context_factory(ports), authenticator=self.authority
        )

    def bearer(self, user: UserView) -> str:
        token = self.authority.issue_token(user_id=str(user.id), username=user.username)
        return f"Bearer {token}"

    async def ask(
        self, query: str, *, by: UserView | None = ALICE, language: str = "", **variables: object
    ) -> Any:  # noqa: ANN401 (JSON, which tests index)
        """The one response of a query or a mutation."""
        responses = await self.stream(query, by=by, language=language, **variables)
        assert len(responses) == 1
        return responses[0]

    async def data(self, query: str, *, by: UserView | None = ALICE, **variables: object) -> Any:  # noqa: ANN401 (JSON, which tests index)
        """The data of a response without errors."""
        response = await self.ask(query, by=by, language="", **variables)
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def stream(
        self, query: str, *, by: UserView | None = ALICE, language: str = "", **variables: object
    ) -> list[Any]:
        """Every response of an operation, until it ends."""
        responses = self.live(query, by=by, language=language, **variables)
        return [response async for response in responses]

    async def live(
        self, query: str, *, by: UserView | None = ALICE, language: str = "", **variables: object
    ) -> AsyncGenerator[Any, None]:
        """The responses of an operation one by one; closing it is the client's leaving."""
        identity = self.authority.authenticate(None if by is None else self.bearer(by))
        scope = self._engine.scope(
            identity, headers={"accept-language": language}, transport="http"
        )
        request = OperationRequest(query=query, variables=variables)
        async with aclosing(
            self._engine.stream(request, scope, allowed=ALL_OPERATIONS)
        ) as outcomes:
            async for outcome in outcomes:
                yield outcome.response()


def codes(response: Any) -> list[str]:  # noqa: ANN401 (JSON, which tests index)
    return [error["extensions"]["code"] for error in response["errors"]]
