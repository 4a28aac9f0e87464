"""mount(world, sender): CoinGecko's demo API v3 below /coingecko.

/api/v3/ping, /api/v3/simple/price     as the real one has them
/_simulate/price                       POST {"symbol": "BTC", "micro_usd": n, "age_seconds": s}
"""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.market import FIAT_MICRO_USD, MILLION, Market

NAME: Final = "coingecko"
SYMBOLS: Final = {
    "usd-coin": "USDC",
    "bitcoin": "BTC",
    "ethereum": "ETH",
    "solana": "SOL",
    "sui": "SUI",
    "pax-gold": "PAXG",
    "tether-gold": "XAUT",
}
_WRONG_KEY: Final = 10_002
_DIGITS: Final = 12
_ONE: Final = 10**_DIGITS


class PriceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With an age the price stands still, so old."""

    symbol: str
    micro_usd: int
    age_seconds: float | None = None


def mount(world: World, sender: WebhookSender) -> list[BaseRoute]:
    """CoinGecko has no webhooks: `sender` stays unused."""
    del sender
    server = CoinGeckoServer(world)
    public = provider_routes(world, NAME, server.operations(), authorise=server.authorise)
    own = provider_routes(world, NAME, [server.simulation()], authorise=_anybody)
    return [Mount(f"/{NAME}", routes=[*public, *own])]


class CoinGeckoServer:
    def __init__(self, world: World) -> None:
        self._world = world
        self._market = Market(world)
        self._key = world.credential(NAME, "api_key")

    def operations(self) -> list[Operation]:
        return [
            Operation(name="ping", method="GET", path="/api/v3/ping", carry_out=self.ping),
            Operation(
                name="price", method="GET", path="/api/v3/simple/price", carry_out=self.price
            ),
        ]

    def simulation(self) -> Operation:
        return Operation(
            name="simulate", method="POST", path="/_simulate/price", carry_out=self.set_price
        )

    def authorise(self, request: Request, _body: bytes) -> None:
        given = request.headers.get("x-cg-demo-api-key") or request.query_params.get(
            "x_cg_demo_api_key"
        )
        if given != self._key:
            raise _failed(401, _WRONG_KEY, "API Key is invalid")

    async def ping(self, _request: Request) -> Answer:
        return Answer(body={"gecko_says": "(V3) To the Moon!"})

    async def price(self, request: Request) -> Answer:
        query = request.query_params
        if "vs_currencies" not in query:
            raise ProviderError(422, {"error": "Missing parameter vs_currencies"})
        coins = [coin for coin in query.get("ids", "").split(",") if coin in SYMBOLS]
        scale = self._world.faults.millionths(NAME, "price")
        body: dict[str, dict[str, object]] = {}
        for coin in coins:
            micro_usd = self._market.micro_usd(SYMBOLS[coin]) * scale // MILLION
            body[coin] = {
                code: _in_currency(micro_usd, FIAT_MICRO_USD[code.upper()])
                for code in query["vs_currencies"].split(",")
                if code.upper() in FIAT_MICRO_USD
            }
            if query.get("include_last_updated_at") == "true":
                at = self._market.updated_at(SYMBOLS[coin])
                body[coin]["last_updated_at"] = int(at.timestamp())
        return Answer(body=body)

    async def set_price(self, request: Request) -> Answer:
        order = await read_body(request, PriceOrder, wrong={"error": "not understood"})
        try:
            self._market.set_price(order.symbol, order.micro_usd, age_seconds=order.age_seconds)
        except ValueError as error:
            raise ProviderError(400, {"error": str(error)}) from None
        return Answer(body=order)


def _in_currency(micro_usd: int, rate_micro_usd: int) -> msgspec.Raw:
    """A JSON number with more digits than a float would have."""
    units = micro_usd * _ONE // rate_micro_usd
    return msgspec.Raw(f"{units // _ONE}.{units % _ONE:0{_DIGITS}d}".encode())


def _failed(status: int, code: int, message: str) -> ProviderError:
    return ProviderError(status, {"status": {"error_code": code, "error_message": message}})


def _anybody(_request: Request, _body: bytes) -> None:
    """The simulation's own endpoints are for whoever runs the sandbox."""
