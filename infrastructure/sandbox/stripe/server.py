"""mount(world, sender): the simulated Stripe below /stripe.

/stripe/v1/crypto/onramp_quotes, /stripe/v1/crypto/onramp_sessions[/{id}]   the API
/stripe/pay/{token}                                                        the user's page
/stripe/_simulate/sessions/{id}/{pay,complete,reject}, …/status with the word as body

Operations for faults: get_quotes, create_session, get_session, list_sessions, deliver. A wrong
amount changes a quote's total, what a new session is said to exchange, or what was bought.
"""

import base64
import binascii
import hmac
import secrets
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from infrastructure.sandbox.frame.server import Answer, Operation, provider_routes
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.market import MILLION, Deliver, Market
from infrastructure.sandbox.stripe.errors import refused
from infrastructure.sandbox.stripe.forms import Form, quote_wish, session_wish
from infrastructure.sandbox.stripe.idempotency import once
from infrastructure.sandbox.stripe.model import Session, fiat, quote_json, session_json
from infrastructure.sandbox.stripe.pages import PaymentPages
from infrastructure.sandbox.stripe.pricing import terms_of
from infrastructure.sandbox.stripe.sessions import PROVIDER, Sessions

PAGE_SIZE_DEFAULT: Final = 10
PAGE_SIZE_MAX: Final = 100
_SESSIONS_PATH: Final = "/v1/crypto/onramp_sessions"
_LIST_PATH: Final = "/v1/crypto/onramp_sessions"
_NOT_FOUND: Final = 404
_UNAUTHORISED: Final = 401


def mount(
    world: World, sender: WebhookSender, *, deliver: Deliver | None = None
) -> list[BaseRoute]:
    """`deliver` puts what was bought on its chain; without it the hash is made up."""
    sessions = Sessions(world, sender, deliver)
    server = StripeServer(world, sessions)
    operations = [
        Operation(
            name="get_quotes",
            method="GET",
            path="/v1/crypto/onramp_quotes",
            carry_out=server.get_quotes,
        ),
        Operation(
            name="create_session",
            method="POST",
            path=_SESSIONS_PATH,
            carry_out=server.create_session,
        ),
        Operation(
            name="list_sessions",
            method="GET",
            path=_SESSIONS_PATH,
            carry_out=server.list_sessions,
        ),
        Operation(
            name="get_session",
            method="GET",
            path=f"{_SESSIONS_PATH}/{{session_id}}",
            carry_out=server.get_session,
        ),
    ]
    api = provider_routes(world, PROVIDER, operations, authorise=KeyCheck(world))
    simulator = Simulator(sessions)
    return [
        *PaymentPages(sessions).routes(),
        Route("/stripe/_simulate/sessions/{id}/{action}", simulator.act, methods=["POST"]),
        Mount("/stripe", routes=api),
    ]


class KeyCheck:
    """The secret key as a bearer token or as the name of basic authentication."""

    def __init__(self, world: World) -> None:
        self._key = world.credential(
            PROVIDER, "secret_key", lambda: f"sk_test_{secrets.token_hex(24)}"
        )

    def __call__(self, request: Request, _body: bytes) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            value = _basic_name(value)
        if not hmac.compare_digest(value.encode(), self._key.encode()):
            raise refused("Invalid API key provided.", status=_UNAUTHORISED)


class StripeServer:
    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions
        self._market = Market(world)

    async def get_quotes(self, request: Request) -> Answer:
        source, currency, pairs = quote_wish(Form(request.url.query))
        fault = self._world.faults.take("wrong_amount", PROVIDER, "get_quotes")
        by_network: dict[str, list[dict[str, object]]] = {}
        for pair in pairs:
            terms = terms_of(self._market, source, currency, pair)
            quote = quote_json(terms, secrets.token_hex(32))
            if fault is not None:
                quote["source_total_amount"] = fiat(terms.total * fault.millionths // MILLION)
            by_network.setdefault(pair[1], []).append(quote)
        return Answer(
            body={
                "id": secrets.token_hex(32),
                "object": "crypto.onramp.quotes",
                "livemode": False,
                "rate_fetched_at": self._world.clock.now().timestamp(),
                "source_amount": fiat(source),
                "source_currency": currency,
                "destination_network_quotes": by_network,
            }
        )

    async def create_session(self, request: Request) -> Answer:
        content = await request.body()

        def make() -> dict[str, object]:
            wish = session_wish(Form(content.decode(errors="replace")))
            terms = terms_of(self._market, wish.source, wish.currency, wish.pair)
            source = self._world.faults.scaled(terms.source, PROVIDER, "create_session")
            terms = msgspec.structs.replace(terms, source=source)
            return self._told(self._sessions.open(wish, terms))

        return once(self._world, request.headers.get("idempotency-key"), content, make)

    async def get_session(self, request: Request) -> Answer:
        identifier = request.path_params["session_id"]
        session = await self._sessions.by_id(identifier)
        if session is None:
            message = f"No such onramp_session: '{identifier}'"
            raise refused(message, code="resource_missing", parameter="id", status=_NOT_FOUND)
        amount = self._world.faults.scaled(
            session.terms.destination_amount, PROVIDER, "get_session"
        )
        terms = msgspec.structs.replace(session.terms, destination_amount=amount)
        session = msgspec.structs.replace(session, terms=terms)
        return Answer(body=self._told(session))

    async def list_sessions(self, request: Request) -> Answer:
        limit = _whole(request, "limit", PAGE_SIZE_DEFAULT)
        since = _whole(request, "created[gte]", 0)
        if not 1 <= limit <= PAGE_SIZE_MAX:
            raise refused("The limit is out of bounds.", parameter="limit")
        found = [
            session
            for session in await self._sessions.newest_first()
            if session.created_at.timestamp() >= since
        ]
        after = request.query_params.get("starting_after")
        if after is not None:
            places = [place for place, session in enumerate(found, 1) if session.id == after]
            found = found[places[0] :] if places else []
        return Answer(
            body={
                "object": "list",
                "url": _LIST_PATH,
                "has_more": len(found) > limit,
                "data": [self._told(session) for session in found[:limit]],
            }
        )

    def _told(self, session: Session) -> dict[str, object]:
        return session_json(session, self._world.public_url)


class Simulator:
    """What happens to a session outside of the API."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def act(self, request: Request) -> Response:
        session = await self._sessions.by_id(request.path_params["id"])
        action = request.path_params["action"]
        if session is None or action not in {"pay", "complete", "reject", "status"}:
            return Response(status_code=_NOT_FOUND)
        if action == "pay":
            session = self._sessions.pay(session)
        elif action == "complete":
            session = await self._sessions.complete(session)
        elif action == "reject":
            session = self._sessions.reject(session)
        else:
            session = self._sessions.say(session, (await request.body()).decode())
        return JSONResponse({"reference": session.id, "stage": session.stage})


def _basic_name(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise refused("A whole number is expected.", parameter=name)
    return int(text)
