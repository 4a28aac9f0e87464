"""/due: recipients, quotes, transfers, funding addresses and webhooks as Due's API v1.

/due/v1/...                                  with a bearer token and Due-Account-Id
/due/_simulate/transfers/{id}/receive        the user's USDC has come
/due/_simulate/transfers/{id}/return         the bank sends it back; USDC goes back
/due/_simulate/transfers/{id}/undeliverable  the bank does not take it; USDC goes back
/due/_simulate/transfers/{id}/refund         USDC goes back at once
/due/_simulate/transfers/{id}/state          any status, to stay there
/due/_simulate/customers/{id}                the status of an account
/due/_simulate/tick                          everything catches up with the clock

Due cancels nothing: a transfer that gets no funds is cancelled when it expires.
"""

import hmac
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from infrastructure.sandbox import payout_simulation
from infrastructure.sandbox.due import bodies, quotes
from infrastructure.sandbox.due.bodies import (
    CENT_DECIMALS,
    USDC_DECIMALS,
    Account,
    Json,
    Recipient,
    refused,
)
from infrastructure.sandbox.due.quotes import Quote
from infrastructure.sandbox.due.requests import (
    NewAccount,
    NewEndpoint,
    NewQuote,
    NewRecipient,
    NewTransfer,
)
from infrastructure.sandbox.due.signing import Signer
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

PROVIDER: Final = "due"
_BACK: Final = (("failed", 0.0), ("refund_submitted", 5.0), ("refund_processed", 15.0))
WAY: Final = Way(
    waiting="awaiting_funds",
    onward=(
        ("funds_received", 0),
        ("manual_review", 5),
        ("approved", 10),
        ("payment_submitted", 15),
        ("payment_processed", 60),
    ),
    back=_BACK,
    undeliverable=_BACK,
    refunded="refund_processed",
    cancelled="canceled",
)
WAITING_MAX: Final = timedelta(minutes=30)
PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
REQUIRED: Final = {
    "bank_us": ("accountType", "accountNumber", "routingNumber", "beneficiaryAddress"),
    "bank_sepa": ("accountType", "IBAN"),
    "bank_uk": ("accountType", "accountNumber", "sortCode"),
    "bank_br_pix": ("pixKey",),
}
"""Of the schemas that are simulated."""
SCHEMAS: Final = {
    "ach": "bank_us",
    "wire": "bank_us",
    "sepa": "bank_sepa",
    "faster_payments": "bank_uk",
    "pix": "bank_br_pix",
}
"""What a rail pays to."""
_RECIPIENTS: Final = "due_recipient"
_QUOTES: Final = "due_quote"
_ACCOUNTS: Final = "due_account"
_MADE: Final = "due_account_made"

Body = TypeVar("Body")


def mount(
    world: World,
    sender: WebhookSender,
    *,
    chain: DepositWatch | None = None,
    refund: Refund | None = None,
    new_address: Callable[[], str] | None = None,
) -> list[BaseRoute]:
    """`chain` shows when a user's USDC comes, `refund` sends it back; without them it is said over
    the simulator, and hashes are made up."""
    server = DueServer(world, sender, chain=chain, refund=refund, new_address=new_address)
    return [
        Mount(
            f"/{PROVIDER}",
            routes=[
                *provider_routes(world, PROVIDER, server.operations(), authorise=server.authorise),
                *payout_simulation.routes(world, PROVIDER, server.payouts, WAY, server.set_account),
            ],
        )
    ]


class DueServer:
    def __init__(
        self,
        world: World,
        sender: WebhookSender,
        *,
        chain: DepositWatch | None,
        refund: Refund | None,
        new_address: Callable[[], str] | None,
    ) -> None:
        self._world = world
        self._sender = sender
        self._new_address = new_address or numbered_addresses(world, PROVIDER)
        self._api_key = world.credential(PROVIDER, "api_key", lambda: f"dk_{secrets.token_hex(16)}")
        self.set_account(
            world.credential(PROVIDER, "quote_account", lambda: "acct_platform"), "active"
        )
        seed = world.memory.once("due_secret", "webhook", lambda: secrets.token_hex(32))
        self._signer = Signer(seed)
        world.credential(PROVIDER, "webhook_public_key", self._signer.public_pem)
        self.payouts = Payouts(
            world, PROVIDER, WAY, chain=chain, refund=refund, announce=self._announce
        )

    def operations(self) -> list[Operation]:
        transfer = "/v1/transfers/{transfer}"
        table = [
            ("create_account", "POST", "/v1/accounts", self.create_account),
            ("list_accounts", "GET", "/v1/accounts/", self.list_accounts),
            ("list_channels", "GET", "/v1/channels", self.list_channels),
            ("create_recipient", "POST", "/v1/recipients", self.create_recipient),
            ("list_recipients", "GET", "/v1/recipients", self.list_recipients),
            ("create_quote", "POST", "/v1/transfers/quote", self.create_quote),
            ("create_transfer", "POST", "/v1/transfers", self.create_transfer),
            ("list_transfers", "GET", "/v1/transfers", self.list_transfers),
            ("get_transfer", "GET", transfer, self.get_transfer),
            ("funding_address", "POST", f"{transfer}/funding_address", self.funding_address),
            ("create_webhook", "POST", "/v1/webhook_endpoints", self.create_webhook),
        ]
        return [
            Operation(name=name, method=method, path=path, carry_out=carry_out)
            for name, method, path, carry_out in table
        ]

    def authorise(self, request: Request, _body: bytes) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise refused(401, "err_signin_jwt_invalid")
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise refused(401, "err_signin_invalid_credentials")

    # -------------------------------------------------------------- accounts and recipients

    async def create_account(self, request: Request) -> Answer:
        asked = await _body(request, NewAccount)
        memory = self._world.memory
        account = Account(
            id=f"acct_{memory.number('due account'):08d}",
            type=asked.type,
            external_id=asked.external_id,
        )
        memory.put(_MADE, account.id, account)
        self.set_account(account.id, "active")
        return Answer(body=self._account_body(account))

    async def list_accounts(self, _request: Request) -> Answer:
        made = self._world.memory.all(_MADE, Account)
        return Answer(body=[self._account_body(account) for account in made])

    def _account_body(self, account: Account) -> Json:
        status = self._world.memory.get(_ACCOUNTS, account.id, str)
        return bodies.account(account, status)

    def set_account(self, identifier: str, status: str) -> None:
        self._world.memory.put(_ACCOUNTS, identifier, status)

    async def list_channels(self, _request: Request) -> Answer:
        deposit = {"rail": "solana", "currencyCode": "USDC", "type": "deposit"}
        payouts = [
            {"rail": rail, "currencyCode": currency, "type": "withdrawal"}
            for rail, currency in quotes.RAILS.items()
        ]
        return Answer(body=[deposit, *payouts])

    async def create_recipient(self, request: Request) -> Answer:
        account = self._verified_account(request)
        asked = await _body(request, NewRecipient)
        schema = str(asked.details.get("schema"))
        if schema not in REQUIRED:
            raise refused(400, "err_rail_schema_unsupported")
        missing = {name: "required" for name in REQUIRED[schema] if not asked.details.get(name)}
        if missing:
            raise refused(422, "err_recipient_validation_failed", fields=missing)
        for known in self._recipients(account):
            if known.active and known.asked.details == asked.details:
                raise refused(409, "err_recipient_already_exists")
        recipient = Recipient(
            id=f"rcp_{self._world.memory.number('due recipient'):08d}",
            account=account,
            asked=asked,
        )
        self._world.memory.put(_RECIPIENTS, recipient.id, recipient)
        return Answer(body=bodies.recipient(recipient))

    async def list_recipients(self, request: Request) -> Answer:
        found = self._recipients(self._account(request))
        return _page(request, [(known.id, bodies.recipient(known)) for known in found])

    # -------------------------------------------------------------- quotes and transfers

    async def create_quote(self, request: Request) -> Answer:
        asked = await _body(request, NewQuote)
        token = f"quote_{self._world.memory.number('due quote'):08d}"
        account, now = self._verified_account(request), self._world.clock.now()
        quote = quotes.priced(asked, token=token, account=account, now=now)
        self._world.memory.put(_QUOTES, token, quote)
        source = bodies.side(
            rail="solana",
            currency="USDC",
            amount=quote.asset_amount,
            decimals=USDC_DECIMALS,
            fee=quote.fee,
            application_fee=quote.application_fee,
        )
        destination = bodies.side(
            rail=quote.rail,
            currency=quote.fiat_currency,
            amount=quote.fiat_amount * self._wrong("create_quote") // 1_000_000,
            decimals=CENT_DECIMALS,
        )
        body: Json = {
            "source": source,
            "destination": destination,
            "fxRate": float(quotes.RATES[quote.fiat_currency]),
            "fxMarkup": 0,
            "token": token,
            "expiresAt": quote.expires_at,
        }
        return Answer(body=body)

    async def create_transfer(self, request: Request) -> Answer:
        account = self._verified_account(request)
        asked = await _body(request, NewTransfer)
        now = self._world.clock.now()
        quote = self._world.memory.get(_QUOTES, asked.quote, Quote)
        if quote is None or quote.account != account or quote.expires_at < now:
            raise refused(400, "err_quote_expired")
        recipient = self._world.memory.get(_RECIPIENTS, asked.recipient, Recipient)
        if recipient is None or recipient.account != account:
            raise refused(400, "err_recipient_not_found")
        if not recipient.active:
            raise refused(400, "err_recipient_deleted")
        if recipient.asked.details.get("schema") != SCHEMAS[quote.rail]:
            raise refused(400, "err_rail_schema_unsupported")
        payout = Payout(
            id=f"tf_{self._world.memory.number('due transfer'):08d}",
            key=asked.external_id,
            customer=account,
            bank_account=recipient.id,
            rail=quote.rail,
            asset="USDC",
            asset_amount=quote.asset_amount,
            developer_fee=quote.application_fee,
            fee=quote.fee,
            fiat_currency=quote.fiat_currency,
            fiat_amount=quote.fiat_amount,
            return_address=None,
            deposit_address=self._new_address(),
            created_at=now,
            expires_at=now + WAITING_MAX,
        )
        await self.payouts.open(payout)
        return Answer(body=self._transfer_body(payout, sent=self._wrong("create_transfer")))

    async def list_transfers(self, request: Request) -> Answer:
        account = self._account(request)
        found = [payout for payout in await self.payouts.all() if payout.customer == account]
        if request.query_params.get("order") == "asc":
            found.reverse()
        return _page(request, [(payout.id, self._transfer_body(payout)) for payout in found])

    async def get_transfer(self, request: Request) -> Answer:
        payout = await self._transfer(request)
        return Answer(body=self._transfer_body(payout, paid=self._wrong("get_transfer")))

    async def funding_address(self, request: Request) -> Answer:
        payout = await self._transfer(request)
        if payout.state != WAY.waiting:
            raise refused(422, "err_transfer_not_awaiting_funds")
        return Answer(body=bodies.funding_address(payout))

    async def create_webhook(self, request: Request) -> Answer:
        asked = await _body(request, NewEndpoint)
        self._sender.send_to(PROVIDER, asked.url)
        body = {
            "id": f"wh_{self._world.memory.number('due webhook'):08d}",
            "ownerId": "acct_platform",
            "description": asked.description,
            "url": asked.url,
            "subscribedEvents": asked.subscribed_events,
            "publicKey": self._signer.public_pem(),
            "enabled": True,
        }
        return Answer(body=body)

    # -------------------------------------------------------------- what they share

    def _account(self, request: Request) -> str:
        """In whose name."""
        identifier = request.headers.get("due-account-id", "")
        if not identifier:
            raise refused(422, "err_validation", fields={"Due-Account-Id": "required"})
        return identifier

    def _verified_account(self, request: Request) -> str:
        identifier = self._account(request)
        status = self._world.memory.get(_ACCOUNTS, identifier, str)
        if status is None:
            raise refused(404, "err_account_not_found")
        if status != "active":
            raise refused(400, "err_kyc_not_passed")
        return identifier

    async def _transfer(self, request: Request) -> Payout:
        payout = await self.payouts.find(request.path_params["transfer"])
        if payout is None or payout.customer != self._account(request):
            raise refused(404, "err_transfer_not_found")
        return payout

    def _recipients(self, account: str) -> list[Recipient]:
        known = self._world.memory.all(_RECIPIENTS, Recipient)
        return [recipient for recipient in known if recipient.account == account]

    def _transfer_body(
        self, payout: Payout, *, sent: int = 1_000_000, paid: int = 1_000_000
    ) -> Json:
        recipient = self._world.memory.get(_RECIPIENTS, payout.bank_account, Recipient)
        if recipient is None:
            raise refused(400, "err_recipient_deleted")
        rate = float(quotes.RATES[payout.fiat_currency])
        return bodies.transfer(
            payout, recipient, rate=rate, sent_millionths=sent, paid_millionths=paid
        )

    def _wrong(self, operation: str) -> int:
        return self._world.faults.millionths(PROVIDER, operation)

    def _announce(self, payout: Payout) -> None:
        number = self._world.memory.number("due event")
        event = bodies.event(self._transfer_body(payout), payout, number)
        self._sender.send(
            Message(
                provider=PROVIDER,
                event=str(event["type"]),
                body=msgspec.json.encode(event),
                sign=self._signer.sign,
            )
        )


async def _body(request: Request, kind: type[Body]) -> Body:
    wrong = {"error_code": "err_validation", "message": "unreadable body", "http_code": 400}
    return await read_body(request, kind, wrong=wrong)


def _page(request: Request, found: list[tuple[str, Json]]) -> Answer:
    """`next` names the last of the page that came before."""
    limit = min(int(request.query_params.get("limit", PAGE_DEFAULT)), PAGE_MAX)
    names = [name for name, _ in found]
    after = request.query_params.get("next")
    start = names.index(after) + 1 if after in names else 0
    page = found[start : start + limit]
    body: Json = {"items": [item for _, item in page]}
    if start + limit < len(found):
        body["next"] = page[-1][0]
    return Answer(body=body)
