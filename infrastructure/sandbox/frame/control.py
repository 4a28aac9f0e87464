"""/control: what tests, the demo and `diboas sandbox` tell the simulated world.

/control/faults        GET what is set, POST one or a list, DELETE all (or ?provider=…)
/control/clock         GET the time, POST {"skip_seconds": n}
/control/webhooks      POST {"provider": …, "url": …}: where its messages go
/control/credentials   GET what the platform needs to speak to the providers
/control/carried_out   GET what the providers' books say that they have carried out
/control/fund          POST {"asset": …, "address": …, "amount": "base units"}: out of nothing, by
                       a transaction of the asset's own chain
"""

from datetime import timedelta
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.shared.assets import ASSETS
from infrastructure.sandbox.frame.faults import ProviderFault
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.market import Deliver

SKIP_SECONDS_MAX: Final = 400 * 24 * 3600
AMOUNT_DIGITS_MAX: Final = 30

Body = TypeVar("Body")


class SkipOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    skip_seconds: float


class WebhookOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provider: str
    url: str


class FundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`amount` is text: base units of ETH are more than many a JSON library can count."""

    asset: str
    address: str
    amount: str


class BadControl(ValueError):
    """An order that cannot be carried out; answered 400 by `solana.control.refuse`."""


class WorldControl:
    """Without `deliver` there is nothing to fund."""

    def __init__(
        self, world: World, sender: WebhookSender, *, deliver: Deliver | None = None
    ) -> None:
        self._world = world
        self._sender = sender
        self._deliver = deliver

    def routes(self) -> list[Route]:
        return [
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/clock", self.clock, methods=["GET", "POST"]),
            Route("/webhooks", self.webhooks, methods=["POST"]),
            Route("/credentials", self.credentials, methods=["GET"]),
            Route("/carried_out", self.carried_out, methods=["GET"]),
            Route("/fund", self.fund, methods=["POST"]),
        ]

    async def faults(self, request: Request) -> Response:
        faults = self._world.faults
        if request.method == "DELETE":
            provider = request.query_params.get("provider")
            self._demand_known(provider)
            faults.clear(provider)
        if request.method == "POST":
            order = await _body(request, ProviderFault | list[ProviderFault])  # type: ignore[arg-type]  # a union
            wanted = order if isinstance(order, list) else [order]
            for fault in wanted:
                self._demand_known(fault.provider)
            for fault in wanted:
                faults.add(fault)
        return _answer({"faults": faults.all()})

    def _demand_known(self, provider: str | None) -> None:
        """BadControl names those that there are."""
        known = self._world.faults.providers
        if provider is not None and provider not in known:
            raise BadControl(f"no provider {provider}: there are {', '.join(known)}")

    async def clock(self, request: Request) -> Response:
        if request.method == "POST":
            order = await _body(request, SkipOrder)
            if not 0 <= order.skip_seconds <= SKIP_SECONDS_MAX:
                raise BadControl(f"skip_seconds must be between 0 and {SKIP_SECONDS_MAX}")
            self._world.clock.skip(timedelta(seconds=order.skip_seconds))
        return _answer({"now": self._world.clock.now()})

    async def webhooks(self, request: Request) -> Response:
        order = await _body(request, WebhookOrder)
        self._sender.send_to(order.provider, order.url)
        return _answer({"provider": order.provider})

    async def credentials(self, _request: Request) -> Response:
        return _answer(self._world.credentials())

    async def carried_out(self, _request: Request) -> Response:
        return _answer([order for book in self._world.books for order in book()])

    async def fund(self, request: Request) -> Response:
        order = await _body(request, FundOrder)
        asset = ASSETS.get(order.asset)
        if asset is None or self._deliver is None or not _is_amount(order.amount):
            raise BadControl(f"an asset of {', '.join(ASSETS)} and base units expected")
        try:
            transaction_hash = await self._deliver(
                asset=asset.symbol,
                chain=asset.chain,
                address=order.address,
                amount=int(order.amount),
            )
        except ValueError as error:
            raise BadControl(str(error)) from error
        return _answer({"transaction_hash": transaction_hash})


def _is_amount(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= AMOUNT_DIGITS_MAX


async def _body(request: Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as error:
        raise BadControl(str(error)) from error


def _answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
