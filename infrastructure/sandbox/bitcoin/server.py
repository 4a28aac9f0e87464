"""Esplora's HTTP API over the simulated chain, and what tests do to that chain.

/bitcoin/…                       as blockstream.info/api/…
/bitcoin/_simulate/fund          {"address": …, "amount": satoshi, "confirmed": true}
/bitcoin/_simulate/mine          {"blocks": n}
/bitcoin/_simulate/reorganise    {"blocks": k}: the last k give way to others
/bitcoin/_simulate/drop          {"txid": …}: out of the mempool
/bitcoin/_simulate/fees          {"satoshi_per_virtual_byte": "12.5"}
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from infrastructure.sandbox.bitcoin import encoding, scripts
from infrastructure.sandbox.bitcoin.ledger import (
    REORGANISE_MAX,
    SECONDS_PER_BLOCK,
    Kept,
    Ledger,
    Rejected,
)
from infrastructure.sandbox.blocks import nodes_of
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.world import World

PROVIDER: Final = "bitcoin"
MINED_MAX: Final = 10_000
HISTORY_PAGE: Final = 25
_TEXT: Final = "text/plain"
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_MILLION: Final = 1_000_000
_TXID_DIGITS: Final = 64
# Nodes estimate for these targets, the further the cheaper.
_TARGETS: Final = (*range(1, 26), 144, 504, 1008)


class FundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    amount: int
    confirmed: bool = True


class BlocksOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    blocks: int = 1


class DropOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    txid: str


class FeesOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    satoshi_per_virtual_byte: Decimal


def mount(world: World, *, seconds_per_block: float = SECONDS_PER_BLOCK) -> list[BaseRoute]:
    """The node's routes; faults name its operations as `OPERATIONS` does."""
    ledger = Ledger(world, seconds_per_block=seconds_per_block)
    esplora, simulation = Esplora(world, ledger), Simulation(ledger)

    def node(name: str) -> list[Route]:
        operations = [
            Operation(name=operation, method=method, path=f"/{name}{path}", carry_out=act)
            for operation, method, path, act in esplora.operations()
        ]
        return provider_routes(world, name, operations, authorise=_anyone)

    nodes = [route for name in nodes_of(PROVIDER) for route in node(name)]
    return [*simulation.routes(), *nodes]


def _anyone(_request: Request, _body: bytes) -> None:
    """Public nodes ask for no credentials."""


Act = Callable[[Request], Awaitable[Answer]]


class Esplora:
    """The wire format; each operation first lets the blocks come that are due."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger

    def operations(self) -> list[tuple[str, str, str, Act]]:
        return [
            ("broadcast", "POST", "/tx", self.broadcast),
            ("transaction", "GET", "/tx/{txid}", self.transaction),
            ("transaction_status", "GET", "/tx/{txid}/status", self.transaction_status),
            ("transaction_hex", "GET", "/tx/{txid}/hex", self.transaction_hex),
            ("outspend", "GET", "/tx/{txid}/outspend/{vout:int}", self.outspend),
            ("outspends", "GET", "/tx/{txid}/outspends", self.outspends),
            ("address", "GET", "/address/{address}", self.address),
            ("utxo", "GET", "/address/{address}/utxo", self.utxo),
            ("history", "GET", "/address/{address}/txs/chain", self.history),
            ("history", "GET", "/address/{address}/txs/chain/{before}", self.history),
            ("tip_height", "GET", "/blocks/tip/height", self.tip_height),
            ("tip_hash", "GET", "/blocks/tip/hash", self.tip_hash),
            ("block_at_height", "GET", "/block-height/{height:int}", self.block_at_height),
            ("block_status", "GET", "/block/{hash}/status", self.block_status),
            ("fee_estimates", "GET", "/fee-estimates", self.fee_estimates),
        ]

    async def broadcast(self, request: Request) -> Answer:
        self._ledger.settle()
        try:
            raw = bytes.fromhex((await request.body()).decode("ascii"))
        except ValueError:
            raise _refused("Invalid hex string") from None
        try:
            return _text(self._ledger.accept(raw))
        except Rejected as error:
            reason = msgspec.json.encode({"code": error.code, "message": error.message}).decode()
            raise _refused(f"sendrawtransaction RPC error: {reason}") from None

    async def transaction(self, request: Request) -> Answer:
        return Answer(body=encoding.transaction(self._ledger, self._kept(request)))

    async def transaction_status(self, request: Request) -> Answer:
        self._ledger.settle()
        kept = self._ledger.find(request.path_params["txid"])
        return Answer(body=encoding.status(self._ledger, kept))

    async def transaction_hex(self, request: Request) -> Answer:
        return _text(self._kept(request).raw)

    async def outspend(self, request: Request) -> Answer:
        self._ledger.settle()
        txid, vout = request.path_params["txid"], request.path_params["vout"]
        return Answer(body=encoding.outspend(self._ledger, txid, vout))

    async def outspends(self, request: Request) -> Answer:
        kept = self._kept(request)
        places = range(len(kept.parsed.vout))
        return Answer(body=[encoding.outspend(self._ledger, kept.txid, vout) for vout in places])

    async def address(self, request: Request) -> Answer:
        return Answer(body=encoding.address(self._ledger, self._address(request)))

    async def utxo(self, request: Request) -> Answer:
        millionths = self._world.faults.millionths(PROVIDER, "utxo")
        found = [
            {
                "txid": kept.txid,
                "vout": vout,
                "status": encoding.status(self._ledger, kept),
                "value": paid.value * millionths // _MILLION,
            }
            for kept, vout, paid in self._ledger.outputs_of(self._address(request))
            if self._ledger.spender(kept.txid, vout) is None
        ]
        return Answer(body=found)

    async def history(self, request: Request) -> Answer:
        found = self._ledger.history_of(self._address(request))
        txids, before = [kept.txid for kept in found], request.path_params.get("before")
        start = txids.index(before) + 1 if before in txids else 0
        page = found[start : start + HISTORY_PAGE]
        return Answer(body=[encoding.transaction(self._ledger, kept) for kept in page])

    async def tip_height(self, _request: Request) -> Answer:
        return _text(str(self._ledger.blocks.tip()))

    async def tip_hash(self, _request: Request) -> Answer:
        return _text(self._ledger.blocks.hash_of(self._ledger.blocks.tip()))

    async def block_at_height(self, request: Request) -> Answer:
        height = request.path_params["height"]
        if height > self._ledger.blocks.tip():
            raise _unknown("Block not found")
        return _text(self._ledger.blocks.hash_of(height))

    async def block_status(self, request: Request) -> Answer:
        blocks = self._ledger.blocks
        found = blocks.find(request.path_params["hash"])
        if found is None:
            raise _unknown("Block not found")
        height, in_best_chain = found
        if not in_best_chain:
            return Answer(body={"in_best_chain": False})
        following = blocks.hash_of(height + 1) if height < blocks.tip() else None
        return Answer(body={"in_best_chain": True, "height": height, "next_best": following})

    async def fee_estimates(self, _request: Request) -> Answer:
        millionths = self._world.faults.millionths(PROVIDER, "fee_estimates")
        rate = self._ledger.fee_rate() * millionths / _MILLION
        floor = min(rate, Decimal(1))
        return Answer(body={str(n): float(max(floor, rate * 3 / (n + 2))) for n in _TARGETS})

    def _kept(self, request: Request) -> Kept:
        self._ledger.settle()
        txid = request.path_params["txid"]
        if len(txid) != _TXID_DIGITS:
            raise _refused("Invalid hex string")
        kept = self._ledger.find(txid)
        if kept is None:
            raise _unknown("Transaction not found")
        return kept

    def _address(self, request: Request) -> str:
        self._ledger.settle()
        text = str(request.path_params["address"])
        if scripts.script_of(text) is None:
            raise _refused("Invalid Bitcoin address")
        return text


class Simulation:
    """What happens to the chain, by order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def routes(self) -> list[Route]:
        base = f"/{PROVIDER}/_simulate"
        return [
            Route(f"{base}/{act.__name__}", _order(act), methods=["POST"])
            for act in (self.fund, self.mine, self.reorganise, self.drop, self.fees)
        ]

    async def fund(self, request: Request) -> object:
        order = await read_body(request, FundOrder, wrong={"error": "FundOrder expected"})
        script = scripts.script_of(order.address)
        if script is None or order.amount <= 0:
            raise _refused("an address and a positive amount are needed")
        self._ledger.settle()
        return {"txid": self._ledger.fund(script, order.amount, confirmed=order.confirmed)}

    async def mine(self, request: Request) -> object:
        order = await read_body(request, BlocksOrder, wrong={"error": "BlocksOrder expected"})
        if not 0 < order.blocks <= MINED_MAX:
            raise _refused(f"blocks must be between 1 and {MINED_MAX}")
        self._ledger.mine(order.blocks)
        return {"height": self._ledger.blocks.tip()}

    async def reorganise(self, request: Request) -> object:
        order = await read_body(request, BlocksOrder, wrong={"error": "BlocksOrder expected"})
        if not 0 < order.blocks <= REORGANISE_MAX:
            raise _refused(f"blocks must be between 1 and {REORGANISE_MAX}")
        self._ledger.reorganise(order.blocks)
        return {"height": self._ledger.blocks.tip()}

    async def drop(self, request: Request) -> object:
        order = await read_body(request, DropOrder, wrong={"error": "DropOrder expected"})
        self._ledger.settle()
        if not self._ledger.drop(order.txid):
            raise _unknown("not in the mempool")
        return {"txid": order.txid}

    async def fees(self, request: Request) -> object:
        order = await read_body(request, FeesOrder, wrong={"error": "FeesOrder expected"})
        self._ledger.set_fee_rate(order.satoshi_per_virtual_byte)
        return {"satoshi_per_virtual_byte": str(order.satoshi_per_virtual_byte)}


def _order(
    act: Callable[[Request], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await act(request))
        except ProviderError as error:
            return error.answer.response()

    return answer


def _text(content: str) -> Answer:
    return Answer(body=content.encode(), media_type=_TEXT)


def _refused(reason: str) -> ProviderError:
    return ProviderError(_BAD_REQUEST, reason.encode())


def _unknown(reason: str) -> ProviderError:
    return ProviderError(_NOT_FOUND, reason.encode())
