"""What the tests of the web layer share: a small schema, a clock, tokens, an ASGI WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self, cast

import httpx
import orjson
import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.types import Message
from strawberry import relay
from strawberry.dataloader import DataLoader

from infrastructure.web.auth import Principal, TokenAuthority, TokenSettings
from infrastructure.web.endpoint import GraphQLEndpoint, ServedSchema
from infrastructure.web.limits import WebLimits
from infrastructure.web.operation import OperationScope
from infrastructure.web.validation import schema_extensions

SETTINGS = TokenSettings(secret="s" * 32)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


@dataclass
class World:
    """What resolvers read and write; shared by all operations of a test."""

    values: dict[int, str] = field(default_factory=lambda: {1: "one"})
    loaders_made: int = 0
    cleaned_up: int = 0
    cleaned_up_once: asyncio.Event = field(default_factory=asyncio.Event)
    items: "asyncio.Queue[int]" = field(default_factory=asyncio.Queue)
    scopes: list[OperationScope] = field(default_factory=list)


class Context:
    def __init__(self, scope: OperationScope, world: World) -> None:
        self.scope = scope
        self.world = world
        world.loaders_made += 1
        world.scopes.append(scope)
        self.loader: DataLoader[int, str] = DataLoader(load_fn=self._load)

    async def _load(self, keys: list[int]) -> list[str]:
        return [self.world.values[key] for key in keys]


Info = strawberry.Info[Context, None]


@strawberry.type
class Person:
    name: str = "Ada"

    @strawberry.field
    def friend(self) -> "Person":
        return Person()

    @strawberry.field
    def friends(self, first: int = 10) -> list["Person"]:
        return [Person() for _ in range(first)]


@strawberry.type
class Pet(relay.Node):
    id: relay.NodeID[int]

    @classmethod
    def resolve_nodes(
        cls, *, info: strawberry.Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Self]:
        del info, required
        return [cls(id=int(node_id)) for node_id in node_ids]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def half(self, of: int) -> int:
        return of // 2

    @strawberry.field
    def person(self) -> Person:
        return Person()

    @strawberry.field
    async def value(self, info: Info, key: int) -> str:
        return await info.context.loader.load(key)

    @strawberry.field
    def me(self, info: Info) -> str:
        return info.context.scope.require_principal().username

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def refused(self) -> str | None:
        raise GraphQLError("not today", extensions={"code": "TXN_NOT_TODAY"})

    @strawberry.field
    def unencodable(self) -> str:
        return "\ud800"

    @relay.connection(relay.ListConnection[Pet])  # type: ignore[untyped-decorator]  # its own gap
    def pets(self) -> list[Pet]:
        return [Pet(id=number) for number in range(5)]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def put(self, info: Info, key: int, value: str) -> str:
        info.context.world.values[key] = value
        return value


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def live(self, info: Info) -> AsyncGenerator[int, None]:
        try:
            while True:
                yield await info.context.world.items.get()
        finally:
            info.context.world.cleaned_up += 1
            info.context.world.cleaned_up_once.set()

    @strawberry.subscription
    async def failing(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("password=hunter2")

    @strawberry.subscription
    async def unencodable(self) -> AsyncGenerator[str, None]:
        yield "\ud800"


SCHEMA = ServedSchema(
    query=Query, mutation=Mutation, subscription=Subscription, extensions=schema_extensions()
)


@dataclass
class Service:
    """One endpoint with its clock and its world."""

    limits: WebLimits = field(default_factory=WebLimits)
    allowed_origins: tuple[str, ...] = ()
    clock: Clock = field(default_factory=Clock)
    world: World = field(default_factory=World)
    revoked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.authority = TokenAuthority(SETTINGS, now=self.clock, is_revoked=self._is_revoked)
        self.endpoint = GraphQLEndpoint(
            SCHEMA,
            make_context=lambda scope: Context(scope, self.world),
            authenticator=self.authority,
            limits=self.limits,
            allowed_origins=self.allowed_origins,
        )
        self.app = Starlette(routes=self.endpoint.routes())

    def _is_revoked(self, principal: Principal) -> bool:
        return principal.user_id in self.revoked

    def bearer(self) -> str:
        return f"Bearer {self.authority.issue_token(user_id='u1', username='ada')}"

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    async def post(
        self, body: object, *, accept: str = "application/graphql-response+json", **headers: str
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", "accept": accept, **named}
        async with self.client() as client:
            return await client.post("/graphql", content=content, headers=sent)

    @asynccontextmanager
    async def socket(
        self,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = ("graphql-transport-ws",),
    ) -> AsyncIterator["Socket"]:
        """A socket whose server task has ended when the block is left."""
        socket = Socket()
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "query_string": b"",
            "subprotocols": list(subprotocols),
        }
        server = asyncio.create_task(self.app(scope, socket.receive, socket.transmit))
        try:
            yield socket
        finally:
            socket.leave()
            await asyncio.wait_for(server, 5)


class Socket:
    """The client's side of an ASGI WebSocket. While `reading` is unset the server's sends block."""

    def __init__(self) -> None:
        self._to_server: asyncio.Queue[Message] = asyncio.Queue()
        self._from_server: asyncio.Queue[Message] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self._to_server.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> Message:
        return await self._to_server.get()

    async def transmit(self, message: Message) -> None:
        await self.reading.wait()
        self._from_server.put_nowait(message)
        if message["type"] == "websocket.close":
            self.leave(message.get("code", 1000))

    def leave(self, code: int = 1006) -> None:
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": code})

    def send(self, message: object) -> None:
        self.send_text(orjson.dumps(message).decode())

    def send_text(self, text: str) -> None:
        self._to_server.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        self._to_server.put_nowait({"type": "websocket.receive", "bytes": data})

    async def raw(self) -> Message:
        return await asyncio.wait_for(self._from_server.get(), 5)

    async def read(self) -> dict[str, object]:
        """The next message of the protocol; a close is `{"close": code}`."""
        message = await self.raw()
        while message["type"] == "websocket.accept":
            message = await self.raw()
        if message["type"] == "websocket.close":
            return {"close": int(message["code"])}
        return cast("dict[str, object]", orjson.loads(message["text"]))

    async def initialise(self, service: Service) -> None:
        self.send({"type": "connection_init", "payload": {"Authorization": service.bearer()}})
        assert await self.read() == {"type": "connection_ack"}

    def subscribe(self, identifier: str, query: str, **variables: object) -> None:
        payload = {"query": query, "variables": variables}
        self.send({"id": identifier, "type": "subscribe", "payload": payload})


def codes(body: object) -> list[str]:
    """The codes of a response's errors."""
    errors = cast("dict[str, list[dict[str, dict[str, str]]]]", body)["errors"]
    return [error["extensions"]["code"] for error in errors]
