"""/bridge: customers, external accounts, transfers, rates and webhooks as Bridge's API v0.

/bridge/v0/...                                     with Api-Key, as api.bridge.xyz
/bridge/_simulate/transfers/{id}/receive           the user's USDC has come
/bridge/_simulate/transfers/{id}/return            the bank sends it back; USDC goes back
/bridge/_simulate/transfers/{id}/undeliverable     the bank does not take it; USDC goes back
/bridge/_simulate/transfers/{id}/refund            USDC goes back at once
/bridge/_simulate/transfers/{id}/state             any state, to stay there
/bridge/_simulate/customers/{id}                   the status of a customer
/bridge/_simulate/tick                             everything catches up with the clock
"""

import hmac
import secrets
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from infrastructure.sandbox import payout_simulation
from infrastructure.sandbox.bridge import bodies, keys
from infrastructure.sandbox.bridge.bodies import ExternalAccount, Json, refused
from infrastructure.sandbox.bridge.checks import check_account, check_transfer
from infrastructure.sandbox.bridge.endpoints import Endpoints
from infrastructure.sandbox.bridge.requests import NewCustomer, NewExternalAccount, NewTransfer
from infrastructure.sandbox.bridge.signing import Signer, new_private_pem
from infrastructure.sandbox.frame.server import Answer, Operation, provider_routes, read_body
from infrastructure.sandbox.frame.webhooks import Message, WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.payouts import (
    DepositWatch,
    Payout,
    Payouts,
    Refund,
    Way,
    numbered_addresses,
)

PROVIDER: Final = "bridge"
WAY: Final = Way(
    waiting="awaiting_funds",
    onward=(
        ("in_review", 0),
        ("funds_received", 5),
        ("payment_submitted", 15),
        ("payment_processed", 60),
    ),
    back=(("returned", 0), ("refund_in_flight", 5), ("refunded", 15)),
    undeliverable=(("undeliverable", 0), ("refund_in_flight", 5), ("refunded", 15)),
    refunded="refunded",
    cancelled="canceled",
)
RATES: Final = {
    "eur": Decimal("0.92"),
    "gbp": Decimal("0.79"),
    "brl": Decimal("5.40"),
    "mxn": Decimal("18.20"),
}
"""What a dollar is worth in the middle of the market."""
SPREAD: Final = Decimal("0.005")
PAGE_DEFAULT: Final = 10
PAGE_MAX: Final = 100
_ACCOUNTS: Final = "bridge_account"
_CUSTOMERS: Final = "bridge_customer"
_CENTS_PER_UNIT: Final = Decimal(1) / 10_000

Body = TypeVar("Body")


def mount(
    world: World,
    sender: WebhookSender,
    *,
    chain: DepositWatch | None = None,
    refund: Refund | None = None,
    new_address: Callable[[], str] | None = None,
    new_webhook_key: Callable[[], str] = new_private_pem,
) -> list[BaseRoute]:
    """`chain` shows when a user's USDC comes, `refund` sends it back; without them it is said over
    the simulator, and hashes are made up. `new_webhook_key` makes an RSA key in PEM."""
    server = BridgeServer(
        world, sender, chain=chain, refund=refund, new_address=new_address, key=new_webhook_key
    )
    return [
        Mount(
            f"/{PROVIDER}",
            routes=[
                *provider_routes(world, PROVIDER, server.operations(), authorise=server.authorise),
                *payout_simulation.routes(
                    world, PROVIDER, server.payouts, WAY, server.set_customer
                ),
            ],
        )
    ]


class BridgeServer:
    def __init__(
        self,
        world: World,
        sender: WebhookSender,
        *,
        chain: DepositWatch | None,
        refund: Refund | None,
        new_address: Callable[[], str] | None,
        key: Callable[[], str],
    ) -> None:
        self._world = world
        self._sender = sender
        self._new_address = new_address or numbered_addresses(world, PROVIDER)
        self._api_key = world.credential(
            PROVIDER, "api_key", lambda: f"sk-test-{secrets.token_hex(16)}"
        )
        self._signer = Signer(world.memory.once("bridge_secret", "webhook", key), world.clock)
        world.credential(PROVIDER, "webhook_public_key", self._signer.public_pem)
        self._endpoints = Endpoints(world, sender, PROVIDER, self._signer.public_pem())
        self.payouts = Payouts(
            world, PROVIDER, WAY, chain=chain, refund=refund, announce=self._announce
        )

    def operations(self) -> list[Operation]:
        def post(name: str, path: str, carry_out: keys.CarryOut) -> Operation:
            once = keys.once(self._world, carry_out)
            return Operation(name=name, method="POST", path=f"/v0{path}", carry_out=once)

        def other(method: str, name: str, path: str, carry_out: keys.CarryOut) -> Operation:
            plain = keys.without_key(carry_out)
            return Operation(name=name, method=method, path=f"/v0{path}", carry_out=plain)

        accounts = "/customers/{customer}/external_accounts"
        return [
            post("create_customer", "/customers", self.create_customer),
            other("GET", "get_customer", "/customers/{customer}", self.get_customer),
            post("create_external_account", accounts, self.create_external_account),
            other("GET", "list_external_accounts", accounts, self.list_external_accounts),
            post("create_transfer", "/transfers", self.create_transfer),
            other("GET", "list_transfers", "/customers/{customer}/transfers", self.list_transfers),
            other("GET", "get_transfer", "/transfers/{transfer}", self.get_transfer),
            other("DELETE", "delete_transfer", "/transfers/{transfer}", self.delete_transfer),
            other("GET", "exchange_rates", "/exchange_rates", self.exchange_rates),
            post("create_webhook", "/webhooks", self._endpoints.create),
            other("GET", "list_webhooks", "/webhooks", self._endpoints.list),
            other("PUT", "update_webhook", "/webhooks/{webhook}", self._endpoints.update),
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        given = request.headers.get("api-key", "")
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise refused(401, "unauthorized", "the key is not known")

    # -------------------------------------------------------------- customers and accounts

    async def create_customer(self, request: Request) -> Answer:
        asked = await _body(request, NewCustomer)
        identifier = f"cust_{self._world.memory.number('bridge customer'):08d}"
        self._world.memory.put(_CUSTOMERS, identifier, "active")
        name = {"first_name": asked.first_name, "last_name": asked.last_name}
        body = {"id": identifier, "type": asked.type, "status": "active", **name}
        return Answer(status=201, body=body)

    async def get_customer(self, request: Request) -> Answer:
        identifier = request.path_params["customer"]
        return Answer(body={"id": identifier, "status": self._customer_status(identifier)})

    def set_customer(self, identifier: str, status: str) -> None:
        self._world.memory.put(_CUSTOMERS, identifier, status)

    async def create_external_account(self, request: Request) -> Answer:
        customer = request.path_params["customer"]
        asked = await _body(request, NewExternalAccount)
        check_account(asked, customer_status=self._customer_status(customer))
        for known in self._world.memory.all(_ACCOUNTS, ExternalAccount):
            same = (known.customer, known.number, known.asked.currency)
            if same == (customer, asked.number, asked.currency):
                raise refused(400, "duplicate_external_account", "the account is there already")
        account = ExternalAccount(
            id=f"ea_{self._world.memory.number('bridge account'):08d}",
            customer=customer,
            asked=asked,
        )
        self._world.memory.put(_ACCOUNTS, account.id, account)
        return Answer(status=201, body=self._account_body(account))

    async def list_external_accounts(self, request: Request) -> Answer:
        found = [
            self._account_body(account)
            for account in self._world.memory.all(_ACCOUNTS, ExternalAccount)
            if account.customer == request.path_params["customer"]
        ]
        return Answer(body={"count": len(found), "data": found})

    # -------------------------------------------------------------- transfers

    async def create_transfer(self, request: Request) -> Answer:
        asked = await _body(request, NewTransfer)
        account = self._world.memory.get(
            _ACCOUNTS, asked.destination.external_account_id or "", ExternalAccount
        )
        status = self._customer_status(asked.on_behalf_of)
        terms = check_transfer(asked, account, customer_status=status)
        rest = terms.asset_amount - terms.developer_fee * 10_000
        fiat = Decimal(rest) * _buy_rate(asked.destination.currency) * _CENTS_PER_UNIT
        payout = Payout(
            id=f"transfer_{self._world.memory.number('bridge transfer'):08d}",
            key=asked.client_reference_id,
            customer=asked.on_behalf_of,
            bank_account=terms.account.id,
            rail=asked.destination.payment_rail,
            asset="USDC",
            asset_amount=terms.asset_amount,
            developer_fee=terms.developer_fee,
            fiat_currency=asked.destination.currency.upper(),
            fiat_amount=int(fiat.to_integral_value(ROUND_DOWN)),
            return_address=terms.return_address,
            deposit_address=self._new_address(),
            created_at=self._world.clock.now(),
        )
        await self.payouts.open(payout)
        factor = self._wrong("create_transfer")
        return Answer(status=201, body=bodies.transfer(payout, asked_millionths=factor))

    async def list_transfers(self, request: Request) -> Answer:
        """Newest first, from behind `starting_after`."""
        customer = request.path_params["customer"]
        limit = min(int(request.query_params.get("limit", PAGE_DEFAULT)), PAGE_MAX)
        found = [payout for payout in await self.payouts.all() if payout.customer == customer]
        after = request.query_params.get("starting_after")
        if after is not None:
            positions = [index for index, payout in enumerate(found) if payout.id == after]
            found = found[positions[0] + 1 :] if positions else []
        page = [bodies.transfer(payout) for payout in found[:limit]]
        return Answer(body={"count": len(page), "data": page})

    async def get_transfer(self, request: Request) -> Answer:
        payout = await self._transfer(request)
        factor = self._wrong("get_transfer")
        return Answer(body=bodies.transfer(payout, paid_millionths=factor))

    async def delete_transfer(self, request: Request) -> Answer:
        payout = await self._transfer(request)
        if payout.state != WAY.waiting:
            raise refused(400, "bad_request", "only what awaits funds can be deleted")
        turned = await self.payouts.turn(payout.id, ((WAY.cancelled, 0),), only_from=WAY.waiting)
        return Answer(body=bodies.transfer(turned or payout))

    async def exchange_rates(self, request: Request) -> Answer:
        source, target = (request.query_params.get(name, "") for name in ("from", "to"))
        if source != "usd" or target not in RATES:
            raise refused(400, "invalid_parameters", "no such pair", at="to")
        rate = _buy_rate(target) * self._wrong("exchange_rates") / 1_000_000
        middle = RATES[target]
        body = {
            "midmarket_rate": str(middle),
            "buy_rate": str(rate),
            "sell_rate": str(middle * (1 + SPREAD)),
            "created_at": self._world.clock.now(),
            "updated_at": self._world.clock.now(),
        }
        return Answer(body=body)

    # -------------------------------------------------------------- what they share

    async def _transfer(self, request: Request) -> Payout:
        payout = await self.payouts.find(request.path_params["transfer"])
        if payout is None:
            raise refused(404, "not_found", "no such transfer")
        return payout

    def _customer_status(self, identifier: str) -> str:
        status = self._world.memory.get(_CUSTOMERS, identifier, str)
        if status is None:
            raise refused(404, "not_found", "no such customer")
        return status

    def _account_body(self, account: ExternalAccount) -> Json:
        return bodies.external_account(account, created_at=self._world.clock.now().isoformat())

    def _wrong(self, operation: str) -> int:
        return self._world.faults.millionths(PROVIDER, operation)

    def _announce(self, payout: Payout) -> None:
        event = bodies.event(payout, self._world.memory.number("bridge event"))
        self._sender.send(
            Message(
                provider=PROVIDER,
                event=str(event["event_type"]),
                body=msgspec.json.encode(event),
                sign=self._signer.sign,
            )
        )


async def _body(request: Request, kind: type[Body]) -> Body:
    wrong = {"code": "invalid_parameters", "message": "Malformed or invalid field values"}
    return await read_body(request, kind, wrong=wrong)


def _buy_rate(currency: str) -> Decimal:
    return Decimal(1) if currency == "usd" else RATES[currency] * (1 - SPREAD)
