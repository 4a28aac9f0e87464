"""The GraphQL service at one path, and what tests do to its chain.

/sui                        GraphQL over POST; faults name the first field that a document asks for
/sui/_simulate/fund         {"address": …, "amount": MIST}
/sui/_simulate/checkpoint   {"checkpoints": n}
/sui/_simulate/reorganise   {"checkpoints": k}: the last k give way to others. Sui never does so; a
                            service that showed what validators had not signed would
/sui/_simulate/drop         {"digest": …}: as if it had never been executed
/sui/_simulate/gas_price    {"mist": …}: the reference price
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    parse,
    validate,
)
from graphql.utilities import get_operation_ast
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.provider.ports.chain import InvalidChainAddress
from infrastructure.chains.sui import addresses
from infrastructure.sandbox.blocks import nodes_of
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.sui.ledger import REORGANISE_MAX, SECONDS_PER_CHECKPOINT, Ledger
from infrastructure.sandbox.sui.resolvers import PROVIDER, Root
from infrastructure.sandbox.sui.schema import SCHEMA

CHECKPOINTS_MAX: Final = 10_000
AMOUNT_MAX: Final = 2**60
_BAD_REQUEST: Final = 400
_PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
_VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
_INTERNAL: Final = "INTERNAL_SERVER_ERROR"


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    query: str
    variables: dict[str, object] | None = None
    operation_name: str | None = None


class FundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    amount: int


class CheckpointsOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checkpoints: int = 1


class DropOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: str


class GasPriceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mist: int


def mount(world: World, *, seconds_per_block: float = SECONDS_PER_CHECKPOINT) -> list[BaseRoute]:
    ledger = Ledger(world, seconds_per_block=seconds_per_block)
    fields = Root(world, ledger).fields()
    carry_out = _carried_out(fields, ledger)
    operations = [
        Operation(name=name, method="POST", path=f"/{name}", carry_out=carry_out) for name in fields
    ]

    def node(name: str) -> Route:
        routes = provider_routes(world, name, operations, authorise=_anyone)
        by_field = {
            operation.name: route.app for operation, route in zip(operations, routes, strict=True)
        }
        return Route(f"/{name}", GraphQl(by_field), methods=["POST"])

    return [*Simulation(ledger).routes(), *map(node, nodes_of(PROVIDER))]


def _anyone(_request: Request, _body: bytes) -> None:
    """Public services ask for no credentials; hosted ones have theirs in the URL."""


def _carried_out(
    fields: dict[str, object], ledger: Ledger
) -> Callable[[Request], Awaitable[Answer]]:
    async def carry_out(request: Request) -> Answer:
        asked = msgspec.json.decode(await request.body(), type=Asked)
        document = parse(asked.query)
        wrong = validate(SCHEMA, document)
        if wrong:
            return Answer(body=_failed(wrong, _VALIDATION_FAILED))
        ledger.settle()
        result = execute_sync(
            SCHEMA,
            document,
            root_value=fields,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
        )
        return Answer(body=_content(result))

    return carry_out


def _content(result: ExecutionResult) -> dict[str, object]:
    if result.errors:
        return _failed(result.errors, _INTERNAL)
    return {"data": result.data}


def _failed(errors: list[GraphQLError], code: str) -> dict[str, object]:
    """As the service words errors; `code` where one has none of its own."""
    told = [
        {**one.formatted, "extensions": {"code": code, **(one.extensions or {})}} for one in errors
    ]
    return {"data": None, "errors": told}


class GraphQl:
    """Hands each document to the endpoint of its first field, where its faults apply."""

    def __init__(self, by_field: dict[str, ASGIApp]) -> None:
        self._by_field = by_field

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            asked = msgspec.json.decode(body, type=Asked)
            field = _first_field(parse(asked.query), asked.operation_name)
        except msgspec.MsgspecError:
            await Response(status_code=_BAD_REQUEST)(scope, again, send)
            return
        except GraphQLError as error:
            await JSONResponse(_failed([error], _PARSE_FAILED))(scope, again, send)
            return
        # A field that is not served fails its validation, wherever that is done.
        known = self._by_field.get(field, self._by_field["checkpoint"])
        await known(scope, again, send)


def _first_field(document: DocumentNode, operation_name: str | None) -> str:
    operation = get_operation_ast(document, operation_name)
    if not isinstance(operation, OperationDefinitionNode):
        raise GraphQLError("no operation, or not clear which")
    first = operation.selection_set.selections[0]
    return first.name.value if isinstance(first, FieldNode) else ""


class Simulation:
    """What happens to the chain, by order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        base = f"/{PROVIDER}/_simulate"
        acts = (self.fund, self.checkpoint, self.reorganise, self.drop, self.gas_price)
        return [Route(f"{base}/{act.__name__}", _order(act), methods=["POST"]) for act in acts]

    async def fund(self, request: Request) -> object:
        order = await read_body(request, FundOrder, wrong={"error": "FundOrder expected"})
        try:
            owner = addresses.parse(order.address)
        except InvalidChainAddress:
            raise _refused("an address in full expected") from None
        if not 0 < order.amount <= AMOUNT_MAX:
            raise _refused("a positive amount in MIST expected")
        self._ledger.settle()
        return {"objectId": self._ledger.fund(owner, order.amount)}

    async def checkpoint(self, request: Request) -> object:
        count = await _count(request, CHECKPOINTS_MAX)
        self._ledger.mine(count)
        return {"sequenceNumber": self._ledger.blocks.tip()}

    async def reorganise(self, request: Request) -> object:
        count = await _count(request, REORGANISE_MAX)
        self._ledger.reorganise(count)
        return {"sequenceNumber": self._ledger.blocks.tip()}

    async def drop(self, request: Request) -> object:
        order = await read_body(request, DropOrder, wrong={"error": "DropOrder expected"})
        self._ledger.settle()
        if not self._ledger.drop(order.digest):
            raise _refused("nothing that waits for a checkpoint")
        return {"digest": order.digest}

    async def gas_price(self, request: Request) -> object:
        order = await read_body(request, GasPriceOrder, wrong={"error": "GasPriceOrder expected"})
        if order.mist <= 0:
            raise _refused("a positive price expected")
        self._ledger.set_reference_gas_price(order.mist)
        return {"mist": order.mist}


async def _count(request: Request, most: int) -> int:
    wrong = {"error": "CheckpointsOrder expected"}
    order = await read_body(request, CheckpointsOrder, wrong=wrong)
    if not 0 < order.checkpoints <= most:
        raise _refused(f"checkpoints must be between 1 and {most}")
    return order.checkpoints


def _refused(reason: str) -> ProviderError:
    return ProviderError(_BAD_REQUEST, {"error": reason})


def _order(
    act: Callable[[Request], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await act(request))
        except ProviderError as error:
            return error.answer.response()

    return answer
