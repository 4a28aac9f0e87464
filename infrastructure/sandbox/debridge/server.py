"""mount(world, sender, deliver=…, sources=…): the DLN API v1.0 below /debridge.

/v1.0/dln/order/create-tx                               a quote with its transaction
/v1.0/dln/order/{id}/status, /v1.0/dln/tx/{hash}/order-ids
/v1.0/supported-chains-info
/_simulate/deposit      POST {"id", "tx_hash"}: that transaction placed the order
/_simulate/outcome      POST {"id", "outcome"}: deliver, or refund (the order is cancelled)
/_simulate/status       POST {"id", "status"}: said whatever is true
"""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from domain.shared.assets import ASSETS, ETH, SOL, Asset, Chain
from infrastructure.sandbox.bridge_calls import DEBRIDGE_FORWARDER, call_data
from infrastructure.sandbox.crossing_simulation import Refusals, Simulation
from infrastructure.sandbox.crossings import Crossing, Crossings, Stage, new_id
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.market import Deliver, Market, Payment, Sources, Terms

NAME: Final = "debridge"
FEE_MILLIONTHS: Final = 800
SECONDS: Final = 12
CHAIN_IDS: Final = {Chain.SOLANA: 7_565_164, Chain.ETHEREUM: 1}
NATIVE: Final = {
    Chain.SOLANA: "11111111111111111111111111111111",
    Chain.ETHEREUM: "0x0000000000000000000000000000000000000000",
}
# The flat fee in lamports and wei. What a user of the sandbox pays on Solana is the amount alone.
FIX_FEES: Final = {Chain.SOLANA: 0, Chain.ETHEREUM: 10**15}
# Four bytes that name the sandbox's function; the order follows.
SELECTOR: Final = "0x4d8160ba"
LEAST_MICRO_USD: Final = 1_000_000
_DIGITS_MAX: Final = 40
_STATUSES: Final = {
    Stage.QUOTED: "None",
    Stage.PAID: "Created",
    Stage.PAYING: "Created",
    Stage.DELIVERED: "Fulfilled",
    # Solvers fulfil an order in full or not at all.
    Stage.PARTIAL: "Created",
    Stage.REFUNDED: "ClaimedOrderCancel",
    Stage.FAILED: "Created",
}
_OUTCOMES: Final = frozenset({"deliver", "refund"})

Json = dict[str, object]


def mount(
    world: World, sender: WebhookSender, *, deliver: Deliver, sources: Sources | None = None
) -> list[BaseRoute]:
    """`sender` stays unused: its orders are asked for. Without `sources` only Ethereum can be
    paid from, and payments are told at /_simulate/deposit."""
    del sender
    server = DebridgeServer(world, deliver=deliver, sources=sources)
    public = provider_routes(world, NAME, server.operations(), authorise=server.authorise)
    return [Mount(f"/{NAME}", routes=[*public, *server.simulation.routes()])]


class DebridgeServer:
    def __init__(self, world: World, *, deliver: Deliver, sources: Sources | None) -> None:
        self._world = world
        self._market = Market(world)
        self._crossings = Crossings(world, NAME, deliver=deliver, sources=sources)
        refusals = Refusals(
            unreadable={"errorMessage": "not understood"},
            no_outcome=lambda: _invalid("outcome"),
            not_found=_not_found,
        )
        self.simulation = Simulation(
            world, NAME, self._crossings, outcomes=_OUTCOMES, refusals=refusals
        )
        self._token = world.credential(NAME, "access_token")

    def operations(self) -> list[Operation]:
        named = (
            ("create_tx", "/dln/order/create-tx", self.create_tx),
            ("status", "/dln/order/{id}/status", self.status),
            ("order_ids", "/dln/tx/{hash}/order-ids", self.order_ids),
            ("chains", "/supported-chains-info", self.chains),
        )
        history = Operation(
            name="order_history",
            method="GET",
            path="/stats/api/Orders/{id}",
            carry_out=self.history,
        )
        return [
            history,
            *(
                Operation(name=name, method="GET", path=f"/v1.0{path}", carry_out=carry_out)
                for name, path, carry_out in named
            ),
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        """Anybody may ask; a token must be one that was given out."""
        given = request.query_params.get("accesstoken")
        if given not in {None, self._token}:
            raise _refused(401, 0, "UNAUTHORIZED", "The access token is not valid")

    async def create_tx(self, request: Request) -> Answer:
        query = request.query_params
        source, target = _asset(query, "src", "In"), _asset(query, "dst", "Out")
        if source.chain is target.chain:
            raise _invalid("srcChainId must not be dstChainId")
        amount = _amount(query)
        micro_usd = amount * self._market.micro_usd(source.symbol) // int(10**source.decimals)
        if micro_usd < LEAST_MICRO_USD:
            raise _refused(
                400, 11, "ERROR_LOW_GIVE_AMOUNT", "The amount does not cover the expenses"
            )
        terms = self._market.terms(amount, source, target, fee_millionths=FEE_MILLIONTHS)
        crossing = Crossing(
            id=new_id(),
            source=source.symbol,
            target=target.symbol,
            amount=amount,
            target_amount=terms.target_amount,
            sender=_required(query, "senderAddress"),
            recipient=_required(query, "dstChainTokenOutRecipient"),
            seconds=SECONDS,
        )
        payment = await self._crossings.open(crossing)
        return Answer(body=self._created(crossing, terms, _transaction(crossing, payment)))

    async def status(self, request: Request) -> Answer:
        identifier = request.path_params["id"]
        told = self.simulation.told(identifier)
        crossing = await self._crossings.now(identifier)
        if crossing is None:
            raise _not_found()
        status = _STATUSES[crossing.stage] if told is None else told.status
        return Answer(body={"orderId": crossing.id, "status": status})

    async def history(self, request: Request) -> Answer:
        """The statistics' view of an order: the transactions in which it ended."""
        crossing = await self._crossings.now(request.path_params["id"])
        if crossing is None:
            raise _not_found()
        event = {"transactionHash": {"stringValue": crossing.payout_hash}}
        named = {
            Stage.DELIVERED: "fulfilledDstEventMetadata",
            Stage.REFUNDED: "claimedOrderCancelSrcEventMetadata",
        }
        name = named.get(crossing.stage)
        body = {} if name is None or crossing.payout_hash is None else {name: event}
        return Answer(body=body)

    async def order_ids(self, request: Request) -> Answer:
        crossing = await self._crossings.by_transaction(request.path_params["hash"])
        return Answer(body={"orderIds": [] if crossing is None else [crossing.id]})

    async def chains(self, _request: Request) -> Answer:
        chains = [
            {"chainId": chain_id, "originalChainId": chain_id, "chainName": chain.value.title()}
            for chain, chain_id in CHAIN_IDS.items()
        ]
        return Answer(body={"chains": chains})

    def _created(self, crossing: Crossing, terms: Terms, transaction: Json) -> Json:
        source, target = crossing.source_asset, crossing.target_asset
        given = self._world.faults.scaled(crossing.amount, NAME, "create_tx")
        cost = {
            "chain": str(CHAIN_IDS[source.chain]),
            "tokenIn": _address(source),
            "tokenOut": _address(source),
            "amountIn": str(crossing.amount),
            "amountOut": str(crossing.amount - terms.fee),
            "type": "DlnProtocolFee",
            "payload": {"feeAmount": str(terms.fee), "feeBps": str(FEE_MILLIONTHS // 100)},
        }
        taken = str(crossing.target_amount)
        return {
            "estimation": {
                "srcChainTokenIn": _token(source, given),
                "dstChainTokenOut": {
                    **_token(target, crossing.target_amount),
                    "recommendedAmount": taken,
                    "maxTheoreticalAmount": taken,
                },
                "costsDetails": [cost],
            },
            "tx": transaction,
            "order": {"approximateFulfillmentDelay": crossing.seconds},
            "orderId": crossing.id,
            "fixFee": str(FIX_FEES[source.chain]),
        }


def _transaction(crossing: Crossing, payment: Payment | None) -> Json:
    source = crossing.source_asset
    if source.chain is Chain.ETHEREUM:
        value = FIX_FEES[source.chain] + (crossing.amount if source == ETH else 0)
        data = call_data(SELECTOR, crossing)
        return {"to": DEBRIDGE_FORWARDER, "data": data, "value": str(value)}
    if payment is None:
        raise _refused(400, 3, "UNSUPPORTED_CHAIN", "The chain cannot be paid from")
    return {"data": f"0x{payment.transaction.hex()}"}


def _token(asset: Asset, amount: int) -> Json:
    return {
        "address": _address(asset),
        "chainId": CHAIN_IDS[asset.chain],
        "decimals": asset.decimals,
        "name": asset.symbol,
        "symbol": asset.symbol,
        "amount": str(amount),
    }


def _address(asset: Asset) -> str:
    return asset.contract or NATIVE[asset.chain]


def _asset(query: Mapping[str, str], end: str, direction: str) -> Asset:
    chain_id, address = query.get(f"{end}ChainId"), query.get(f"{end}ChainToken{direction}", "")
    for asset in (SOL, ETH, *ASSETS.values()):
        if str(CHAIN_IDS.get(asset.chain)) == chain_id and (
            _address(asset).lower() == address.lower()
        ):
            return asset
    raise _invalid(f"{end}ChainToken{direction} is not supported on {end}ChainId")


def _amount(query: Mapping[str, str]) -> int:
    text = _required(query, "srcChainTokenInAmount")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) > 0):
        raise _invalid("srcChainTokenInAmount must be a positive integer")
    return int(text)


def _required(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if not text:
        raise _invalid(f"{name} is required")
    return text


def _invalid(message: str) -> ProviderError:
    return _refused(400, 2, "INVALID_QUERY_PARAMETERS", message)


def _refused(status: int, code: int, name: str, message: str) -> ProviderError:
    body = {"errorCode": code, "errorId": name, "errorMessage": message}
    return ProviderError(status, body)


def _not_found() -> ProviderError:
    return _refused(404, 5, "ORDER_NOT_FOUND", "Order not found")
