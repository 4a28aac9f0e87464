"""The page on which a user of the simulated Coinbase pays: plain HTML, one form."""

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.shared.assets import ASSETS
from domain.shared.money import format_amount
from infrastructure.sandbox.coinbase.model import Payment
from infrastructure.sandbox.coinbase.payments import Payments
from infrastructure.sandbox.wishes import FIAT_DECIMALS

_NOT_FOUND: Final = 404
_GONE: Final = 410
_SEE_OTHER: Final = 303
_LINKS: Final = ("https://", "http://")


class PaymentPages:
    """GET shows what is to be paid; POST pays it, or gives up with `outcome=decline`."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    def routes(self) -> list[Route]:
        return [Route("/coinbase/pay/{token}", self.page, methods=["GET", "POST"])]

    async def page(self, request: Request) -> Response:
        payment = await self._payments.by_token(request.path_params["token"])
        if payment is None:
            return HTMLResponse(_document("<p>There is no such payment.</p>"), _NOT_FOUND)
        if payment.stage == "open" and self._payments.link_expired(payment):
            return HTMLResponse(_document("<p>This link has expired.</p>"), _GONE)
        if request.method == "POST":
            return self._answered(request, payment, await request.body())
        return HTMLResponse(_document(_form(payment)))

    def _answered(self, request: Request, payment: Payment, form: bytes) -> Response:
        if b"outcome=decline" in form:
            # Who has paid cannot take it back.
            payment = self._payments.fail(payment) if payment.stage == "open" else payment
        else:
            payment = self._payments.pay(payment)
        back = payment.redirect_url or request.query_params.get("redirect_url", "")
        if back.startswith(_LINKS):
            return RedirectResponse(back, _SEE_OTHER)
        return HTMLResponse(_document(_form(payment)))


def _form(payment: Payment) -> str:
    terms = payment.terms
    bought = format_amount(terms.purchase_amount, ASSETS[terms.asset].decimals)
    paid = format_amount(terms.total, FIAT_DECIMALS)
    text = (
        f"<p>{escape(paid)} {escape(terms.currency)} for {escape(bought)} {escape(terms.asset)}"
        f" to <code>{escape(payment.address)}</code>.</p>"
    )
    if payment.stage != "open":
        return f"{text}<p>Payment {escape(payment.stage)}.</p>"
    return (
        f"{text}<form method='post'>"
        "<button name='outcome' value='pay'>Pay</button> "
        "<button name='outcome' value='decline'>Decline</button></form>"
    )


def _document(content: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<title>Coinbase (simulated)</title><h1>Coinbase (simulated)</h1>"
        f"<p>No real money moves here.</p>{content}</html>"
    )
