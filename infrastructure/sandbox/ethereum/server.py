"""The node's JSON-RPC at one path, and what tests do to its chain.

/ethereum                        JSON-RPC, one call a request; faults name its methods
/ethereum/_simulate/fund         {"address": …, "amount": "base units", "asset": "ETH"}
/ethereum/_simulate/mine         {"blocks": n}
/ethereum/_simulate/reorganise   {"blocks": k}: the last k give way to others
/ethereum/_simulate/drop         {"hash": …}: out of the pool
/ethereum/_simulate/hand_in      {"raw": "0x…"}: by a node that is nobody's here
/ethereum/_simulate/fees         {"base_fee_wei": …, "priority_fee_wei": …}
/ethereum/_simulate/contract     {"address": …, "reverts": true}
/ethereum/_simulate/pass_on      {"address": …, "amount": "wei"}: ETH, by a contract
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.shared.assets import ASSETS, Chain
from infrastructure.sandbox.blocks import nodes_of
from infrastructure.sandbox.ethereum.ledger import (
    FINALITY_BLOCKS,
    SECONDS_PER_BLOCK,
    Fees,
    Ledger,
    Rejected,
)
from infrastructure.sandbox.ethereum.methods import Methods
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.world import World

PROVIDER: Final = "ethereum"
MINED_MAX: Final = 10_000
# Decimal digits of the largest number that a contract can hold.
_AMOUNT_DIGITS_MAX: Final = 78
_BAD_REQUEST: Final = 400
_PARSE_ERROR: Final = -32700
_INVALID_REQUEST: Final = -32600
_METHOD_NOT_FOUND: Final = -32601


class Asked(msgspec.Struct, frozen=True):
    method: str
    id: int | str | None = None
    params: list[object] = []


class FundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    amount: str
    asset: str = "ETH"


class PassOnOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    amount: str


class BlocksOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    blocks: int = 1


class HandInOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    raw: str


class DropOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hash: str


class ContractOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    reverts: bool


def mount(world: World, *, seconds_per_block: float = SECONDS_PER_BLOCK) -> list[BaseRoute]:
    ledger = Ledger(world, seconds_per_block=seconds_per_block)
    operations = [
        Operation(name=name, method="POST", path=f"/{name}", carry_out=_carried_out(act))
        for name, act in Methods(world, ledger).all().items()
    ]

    def node(name: str) -> Route:
        routes = provider_routes(world, name, operations, authorise=_anyone)
        by_method = {
            operation.name: route.app for operation, route in zip(operations, routes, strict=True)
        }
        return Route(f"/{name}", JsonRpc(by_method), methods=["POST"])

    return [*Simulation(world, ledger).routes(), *map(node, nodes_of(PROVIDER))]


def _anyone(_request: Request, _body: bytes) -> None:
    """The simulated node asks for no credentials; hosted ones have theirs in the URL."""


def _carried_out(
    act: Callable[[list[object]], object],
) -> Callable[[Request], Awaitable[Answer]]:
    async def carry_out(request: Request) -> Answer:
        asked = msgspec.json.decode(await request.body(), type=Asked)
        try:
            result = act(asked.params)
        except Rejected as error:
            return Answer(body=_failed(asked.id, error.code, error.message))
        return Answer(body={"jsonrpc": "2.0", "id": asked.id, "result": result})

    return carry_out


def _failed(identity: int | str | None, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": message}}


class JsonRpc:
    """Hands each call to the endpoint of its method, where its faults apply."""

    def __init__(self, by_method: dict[str, ASGIApp]) -> None:
        self._by_method = by_method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            asked = msgspec.json.decode(body, type=Asked)
        except msgspec.ValidationError:
            answer = JSONResponse(_failed(None, _INVALID_REQUEST, "invalid request"))
            await answer(scope, again, send)
            return
        except msgspec.DecodeError:
            answer = JSONResponse(_failed(None, _PARSE_ERROR, "parse error"))
            await answer(scope, again, send)
            return
        known = self._by_method.get(asked.method)
        if known is None:
            words = f"the method {asked.method} does not exist/is not available"
            known = JSONResponse(_failed(asked.id, _METHOD_NOT_FOUND, words))
        await known(scope, again, send)


class Simulation:
    """What happens to the chain, by order."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger

    def routes(self) -> list[Route]:
        base = f"/{PROVIDER}/_simulate"
        acts = (
            self.fund,
            self.pass_on,
            self.mine,
            self.reorganise,
            self.drop,
            self.hand_in,
            self.fees,
            self.contract,
        )
        return [Route(f"{base}/{act.__name__}", _order(act), methods=["POST"]) for act in acts]

    async def pass_on(self, request: Request) -> object:
        """Signing is imported with its first use: it costs memory."""
        from infrastructure.sandbox.ethereum.faucet import Faucet

        order = await _read(request, PassOnOrder)
        if not order.amount.isdigit() or len(order.amount) > _AMOUNT_DIGITS_MAX:
            raise _refused("an amount in wei expected")
        faucet = Faucet(self._world, self._ledger)
        return {"hash": faucet.pass_on(order.address, int(order.amount))}

    async def fund(self, request: Request) -> object:
        order = await _read(request, FundOrder)
        asset = ASSETS.get(order.asset)
        if asset is None or asset.chain is not Chain.ETHEREUM:
            raise _refused("an asset of Ethereum expected")
        if not order.amount.isdigit() or len(order.amount) > _AMOUNT_DIGITS_MAX:
            raise _refused("an amount in base units expected")
        token = None if asset.contract is None else asset.contract.lower()
        self._ledger.settle()
        self._ledger.fund(order.address.lower(), int(order.amount), token)
        return {"address": order.address}

    async def mine(self, request: Request) -> object:
        order = await _read(request, BlocksOrder)
        if not 0 < order.blocks <= MINED_MAX:
            raise _refused(f"blocks must be between 1 and {MINED_MAX}")
        self._ledger.mine(order.blocks)
        return {"number": self._ledger.blocks.tip()}

    async def reorganise(self, request: Request) -> object:
        order = await _read(request, BlocksOrder)
        if not 0 < order.blocks < FINALITY_BLOCKS:
            raise _refused(f"blocks must be between 1 and {FINALITY_BLOCKS - 1}: the rest is final")
        self._ledger.reorganise(order.blocks)
        return {"number": self._ledger.blocks.tip()}

    async def drop(self, request: Request) -> object:
        order = await _read(request, DropOrder)
        self._ledger.settle()
        if not self._ledger.drop(order.hash):
            raise _refused("not in the pool")
        return {"hash": order.hash}

    async def hand_in(self, request: Request) -> object:
        order = await _read(request, HandInOrder)
        try:
            return {"hash": self._ledger.accept(bytes.fromhex(order.raw.removeprefix("0x")))}
        except (ValueError, Rejected) as error:
            raise _refused(str(error)) from None

    async def fees(self, request: Request) -> object:
        order = await _read(request, Fees)
        self._ledger.settle()
        self._ledger.set_fees(order)
        return {"base_fee_wei": order.base_fee_wei}

    async def contract(self, request: Request) -> object:
        order = await _read(request, ContractOrder)
        self._ledger.set_reverting(order.address.lower(), reverts=order.reverts)
        return {"address": order.address}


Body = TypeVar("Body")


async def _read(request: Request, kind: type[Body]) -> Body:
    return await read_body(request, kind, wrong={"error": f"{kind.__name__} expected"})


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
