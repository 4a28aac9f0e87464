"""The page on which a user of the simulated Stripe pays: plain HTML, one form."""

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from infrastructure.sandbox.stripe.model import OPEN, Session, destination_amount, fiat
from infrastructure.sandbox.stripe.sessions import Sessions

_NOT_FOUND: Final = 404
_GONE: Final = 410


class PaymentPages:
    """GET shows what is to be paid; POST pays it, or is refused with `outcome=reject`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[Route]:
        return [Route("/stripe/pay/{token}", self.page, methods=["GET", "POST"])]

    async def page(self, request: Request) -> Response:
        session = await self._sessions.by_token(request.path_params["token"])
        if session is None:
            return HTMLResponse(_document("<p>There is no such session.</p>"), _NOT_FOUND)
        if self._sessions.expired(session):
            return HTMLResponse(_document("<p>This session has expired.</p>"), _GONE)
        if request.method == "GET":
            session = self._sessions.visit(session)
        elif b"outcome=reject" in await request.body():
            # Who has paid cannot take it back.
            session = self._sessions.reject(session) if session.stage in OPEN else session
        else:
            session = self._sessions.pay(session)
        return HTMLResponse(_document(_form(session)))


def _form(session: Session) -> str:
    terms = session.terms
    text = (
        f"<p>{escape(fiat(terms.total))} {escape(terms.source_currency.upper())} for"
        f" {escape(destination_amount(terms))} {escape(terms.destination_currency.upper())}"
        f" to <code>{escape(session.address)}</code>.</p>"
    )
    if session.stage not in OPEN:
        return f"{text}<p>Session {escape(session.stage)}.</p>"
    return (
        f"{text}<form method='post'>"
        "<button name='outcome' value='pay'>Pay</button> "
        "<button name='outcome' value='reject'>Be rejected</button></form>"
    )


def _document(content: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<title>Stripe (simulated)</title><h1>Stripe (simulated)</h1>"
        f"<p>No real money moves here.</p>{content}</html>"
    )
