"""mount(world, sender): the simulated Coinbase below /coinbase.

/coinbase/platform/v2/onramp/{orders,sessions}   the CDP API
/coinbase/onramp/v1/buy/user/…/transactions      what a partner reference has bought
/coinbase/pay/{token}                            the user's page
/coinbase/_simulate/payments/{reference}/{pay,complete,fail}, …/status with the word as body,
…/complete_in with the symbol of another asset, which is delivered in place of what was bought; the
token of a payment's page names it as well

Operations for faults: create_order, get_order, create_session, list_transactions, deliver. A
wrong amount changes the total where a payment is opened or quoted, else what is told as bought.
"""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from domain.shared.assets import ASSETS
from infrastructure.sandbox.coinbase.auth import BearerCheck
from infrastructure.sandbox.coinbase.model import (
    Payment,
    order_json,
    terms_json,
    transaction_json,
)
from infrastructure.sandbox.coinbase.pages import PaymentPages
from infrastructure.sandbox.coinbase.payments import PROVIDER, Payments
from infrastructure.sandbox.coinbase.pricing import GUEST_CENTS_MAX, Terms, terms_of
from infrastructure.sandbox.coinbase.requests import OrderRequest, SessionRequest, Wish, refused
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.market import Deliver, Market

PAGE_SIZE_DEFAULT: Final = 1
_CREATED: Final = 201
_NOT_FOUND: Final = 404
_ACTIONS: Final = frozenset({"pay", "complete", "complete_in", "fail", "status"})
_TOO_MANY: Final = 429
_INVALID: Final = {"errorType": "invalid_request", "errorMessage": "The body is not valid."}
_LINK_TYPE: Final = "PAYMENT_LINK_TYPE_EMBEDDED_ORDER"


def mount(
    world: World, sender: WebhookSender, *, deliver: Deliver | None = None
) -> list[BaseRoute]:
    """`deliver` puts what was bought on its chain; without it the hash is made up."""
    payments = Payments(world, sender, deliver)
    server = CoinbaseServer(world, payments)
    operations = [
        Operation(
            name="create_order",
            method="POST",
            path="/platform/v2/onramp/orders",
            carry_out=server.create_order,
        ),
        Operation(
            name="get_order",
            method="GET",
            path="/platform/v2/onramp/orders/{order_id}",
            carry_out=server.get_order,
        ),
        Operation(
            name="create_session",
            method="POST",
            path="/platform/v2/onramp/sessions",
            carry_out=server.create_session,
        ),
        Operation(
            name="list_transactions",
            method="GET",
            path="/onramp/v1/buy/user/{partner_user_ref}/transactions",
            carry_out=server.list_transactions,
        ),
    ]
    api = provider_routes(world, PROVIDER, operations, authorise=BearerCheck(world))
    simulator = Simulator(payments)
    return [
        *PaymentPages(payments).routes(),
        Route("/coinbase/_simulate/payments/{reference}/{action}", simulator.act, methods=["POST"]),
        Mount("/coinbase", routes=api),
    ]


class CoinbaseServer:
    def __init__(self, world: World, payments: Payments) -> None:
        self._world = world
        self._payments = payments
        self._market = Market(world)

    async def create_order(self, request: Request) -> Answer:
        wish = await read_body(request, OrderRequest, wrong=_INVALID)
        terms = self._terms(wish, "create_order")
        if terms.total > GUEST_CENTS_MAX:
            raise refused("guest_transaction_limit", "Above the guest's limit.", _TOO_MANY)
        if wish.is_quote:
            return Answer(status=_CREATED, body={"order": order_json(self._quote(wish, terms))})
        payment = self._payments.open(
            "order",
            terms,
            address=wish.destination_address,
            method=wish.payment_method,
            partner_user_ref=wish.partner_user_ref,
            redirect_url=None,
        )
        link = {"url": self._link(payment), "paymentLinkType": _LINK_TYPE}
        told = {"order": order_json(payment), "paymentLink": link}
        return Answer(status=_CREATED, body=told)

    async def get_order(self, request: Request) -> Answer:
        payment = await self._payments.by_id(request.path_params["order_id"])
        if payment is None or payment.kind != "order":
            raise refused("not_found", "There is no such order.", _NOT_FOUND)
        return Answer(body={"order": order_json(self._twisted(payment, "get_order"))})

    async def create_session(self, request: Request) -> Answer:
        wish = await read_body(request, SessionRequest, wrong=_INVALID)
        terms = self._terms(wish, "create_session")
        payment = self._payments.open(
            "session",
            terms,
            address=wish.destination_address,
            method=wish.payment_method or "CARD",
            partner_user_ref=wish.partner_user_ref,
            redirect_url=wish.redirect_url,
        )
        told: dict[str, object] = {"session": {"onrampUrl": self._link(payment)}}
        if wish.wants_quote():
            told["quote"] = terms_json(terms)
        return Answer(status=_CREATED, body=told)

    async def list_transactions(self, request: Request) -> Answer:
        size = request.query_params.get("page_size", "")
        found = [
            transaction_json(self._twisted(payment, "list_transactions"))
            for payment in await self._payments.by_user(request.path_params["partner_user_ref"])
            if payment.stage != "open"
        ]
        page = found[: int(size) if size.isdigit() else PAGE_SIZE_DEFAULT]
        body = {"transactions": page, "next_page_key": "", "total_count": str(len(found))}
        return Answer(body=body)

    def _terms(self, wish: Wish, operation: str) -> Terms:
        total, asset = wish.checked()
        total = self._world.faults.scaled(total, PROVIDER, operation)
        return terms_of(self._market, total, wish.payment_currency, asset, wish.destination_network)

    def _twisted(self, payment: Payment, operation: str) -> Payment:
        amount = self._world.faults.scaled(payment.terms.purchase_amount, PROVIDER, operation)
        terms = msgspec.structs.replace(payment.terms, purchase_amount=amount)
        return msgspec.structs.replace(payment, terms=terms)

    def _quote(self, wish: OrderRequest, terms: Terms) -> Payment:
        """An order that nobody keeps."""
        now = self._world.clock.now()
        return Payment(
            id="00000000-0000-0000-0000-000000000000",
            kind="order",
            token="",
            terms=terms,
            address=wish.destination_address,
            method=wish.payment_method,
            partner_user_ref=wish.partner_user_ref,
            redirect_url=None,
            created_at=now,
            updated_at=now,
        )

    def _link(self, payment: Payment) -> str:
        return f"{self._world.public_url}/coinbase/pay/{payment.token}"


class Simulator:
    """What happens to a payment outside of the API."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    async def act(self, request: Request) -> Response:
        name = request.path_params["reference"]
        payment = await self._payments.by_reference(name) or await self._payments.by_token(name)
        action = request.path_params["action"]
        if payment is None or action not in _ACTIONS:
            return Response(status_code=_NOT_FOUND)
        said = (await request.body()).decode()
        if action == "pay":
            payment = self._payments.pay(payment)
        elif action == "complete":
            payment = await self._payments.complete(payment)
        elif action == "fail":
            payment = self._payments.fail(payment)
        elif action == "complete_in" and said in ASSETS:
            payment = await self._payments.complete_in(payment, ASSETS[said])
        else:
            payment = self._payments.say(payment, said)
        return JSONResponse({"reference": payment.reference, "stage": payment.stage})
