"""mount(world, sender, deliver=…, sources=…): LI.FI's API v1 below /lifi.

/v1/quote, /v1/status, /v1/token     as the real one has them
/_simulate/deposit                   POST {"id", "tx_hash"}: that transaction paid the order
/_simulate/outcome                   POST {"id", "outcome"}: deliver, partial, refund or fail
/_simulate/status                    POST {"id", "status", "substatus"}: said whatever is true
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from domain.shared.assets import Asset
from infrastructure.sandbox.crossing_simulation import Refusals, Simulation
from infrastructure.sandbox.crossings import OUTCOMES, Crossing, Crossings, Stage, new_id
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.lifi.limits import RateLimits
from infrastructure.sandbox.lifi.words import (
    CHAIN_IDS,
    CHAIN_KEYS,
    FEE_MILLIONTHS,
    NAME,
    SECONDS,
    Json,
    asset_at,
    no_route,
    refused,
    status_json,
    step_json,
    token_json,
    transaction_request,
)
from infrastructure.sandbox.market import MILLION, Deliver, Market, Sources

LEAST_MICRO_USD: Final = 1_000_000
MOST_MICRO_USD: Final = 1_000_000_000_000
_SLIPPAGE_DEFAULT: Final = "0.005"
_DIGITS_MAX: Final = 40


def mount(
    world: World, sender: WebhookSender, *, deliver: Deliver, sources: Sources | None = None
) -> list[BaseRoute]:
    """LI.FI has no webhooks: `sender` stays unused. Without `sources` only Ethereum can be paid
    from, and payments are told at /_simulate/deposit."""
    del sender
    server = LifiServer(world, deliver=deliver, sources=sources)
    public = provider_routes(world, NAME, server.operations(), authorise=server.authorise)
    return [Mount(f"/{NAME}", routes=[*public, *server.simulation.routes()])]


class LifiServer:
    def __init__(self, world: World, *, deliver: Deliver, sources: Sources | None) -> None:
        self._world = world
        self._market = Market(world)
        self._crossings = Crossings(world, NAME, deliver=deliver, sources=sources)
        refusals = Refusals(
            unreadable={"message": "not understood"}, no_outcome=_not_found, not_found=_not_found
        )
        self.simulation = Simulation(
            world, NAME, self._crossings, outcomes=OUTCOMES, refusals=refusals
        )
        self._limits = RateLimits(world.clock.now)
        self._key = world.credential(NAME, "api_key")

    def operations(self) -> list[Operation]:
        named = {"quote": self.quote, "status": self.status, "token": self.token}
        return [
            Operation(
                name=name,
                method="GET",
                path=f"/v1/{name}",
                carry_out=self._limits.counted(name, carry_out),
            )
            for name, carry_out in named.items()
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        if request.headers.get("x-lifi-api-key") != self._key:
            raise refused(401, 1010, "Invalid API key")

    async def token(self, request: Request) -> Answer:
        query = request.query_params
        asset = asset_at(query.get("chain", ""), query.get("token", ""))
        if asset is None:
            raise refused(404, 1003, "Token not found")
        return Answer(body=token_json(asset, self._market))

    async def quote(self, request: Request) -> Answer:
        query = request.query_params
        source, target = _asset(query, "from"), _asset(query, "to")
        amount, slippage = _amount(query), _slippage_millionths(query)
        self._check_size(amount, source)
        terms = self._market.terms(
            amount,
            source,
            target,
            fee_millionths=FEE_MILLIONTHS,
            slippage_millionths=slippage,
        )
        if terms.target_minimum == 0:
            raise no_route("FEES_HIGHER_THAN_AMOUNT", source, target)
        sender = query.get("fromAddress") or ""
        crossing = Crossing(
            id=new_id(),
            source=source.symbol,
            target=target.symbol,
            amount=amount,
            target_amount=terms.target_amount,
            sender=sender,
            recipient=query.get("toAddress") or sender,
            seconds=SECONDS[source.chain],
        )
        payment = await self._crossings.open(crossing)
        paid_with = transaction_request(crossing, payment)
        if not sender or paid_with is None:
            raise no_route("NO_POSSIBLE_ROUTE", source, target)
        body = step_json(crossing, terms, self._market)
        body["transactionRequest"] = paid_with
        return Answer(body=self._other_amount(body))

    async def status(self, request: Request) -> Answer:
        query = request.query_params
        transaction_hash = query.get("txHash", "")
        if not transaction_hash:
            raise refused(400, 1011, "txHash is required")
        crossing = await self._crossings.by_transaction(transaction_hash)
        if crossing is not None and crossing.stage is Stage.QUOTED:
            crossing = None
        chain = _chain_of(query.get("fromChain", ""))
        body = status_json(crossing, transaction_hash, self._market, chain=chain)
        if crossing is not None:
            told = self.simulation.told(crossing.id)
            if told is not None:
                body.update(status=told.status, substatus=told.substatus)
        return Answer(body=body)

    def _check_size(self, amount: int, source: Asset) -> None:
        micro_usd = amount * self._market.micro_usd(source.symbol) // int(10**source.decimals)
        if micro_usd < LEAST_MICRO_USD:
            raise no_route("AMOUNT_TOO_LOW", source, source)
        if micro_usd > MOST_MICRO_USD:
            raise no_route("AMOUNT_TOO_HIGH", source, source)

    def _other_amount(self, body: Json) -> Json:
        """`wrong_amount` of a quote: its answer is about another amount."""
        action = body["action"]
        if isinstance(action, dict):
            scaled = self._world.faults.scaled(int(action["fromAmount"]), NAME, "quote")
            action["fromAmount"] = str(scaled)
        return body


def _asset(query: Mapping[str, str], end: str) -> Asset:
    asset = asset_at(query.get(f"{end}Chain", ""), query.get(f"{end}Token", ""))
    if asset is None:
        raise refused(400, 1011, f"{end}Token is unknown on {end}Chain")
    return asset


def _amount(query: Mapping[str, str]) -> int:
    text = query.get("fromAmount", "")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) > 0):
        raise refused(400, 1011, "fromAmount must be a positive integer")
    return int(text)


def _slippage_millionths(query: Mapping[str, str]) -> int:
    try:
        slippage = Decimal(query.get("slippage", _SLIPPAGE_DEFAULT))
    except InvalidOperation:
        raise refused(400, 1011, "slippage must be a number") from None
    if not slippage.is_finite() or not 0 <= slippage <= 1:
        raise refused(400, 1011, "slippage must be between 0 and 1")
    return int(slippage * MILLION)


def _chain_of(text: str) -> int:
    for chain, key in CHAIN_KEYS.items():
        if text in {key, str(CHAIN_IDS[chain])}:
            return CHAIN_IDS[chain]
    return 0


def _not_found() -> ProviderError:
    return refused(404, 1003, "Not found")
