"""Coinbase as an on-ramp.

In the United States Apple Pay and Google Pay are guest orders, where Coinbase asks the user for
what it must know (embedded mode). Everything else is a hosted session.

A reference is an order's identifier, or the partner reference that is made for one session and
for no other: by it Coinbase tells what a session's user has paid. Nobody but who has its link can
pay, so an initiation whose answer was lost is harmless and may be repeated.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import quote as quoted
from urllib.parse import urlencode, urlsplit

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    NotAttempted,
    Setback,
    Unanswered,
    Webhook,
)
from domain.provider.ports.onramp import (
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentMethod,
    PaymentOpened,
    PaymentOrder,
    PaymentState,
    PaymentStatus,
)
from domain.shared.money import format_amount
from infrastructure.http import HttpClient
from infrastructure.providers.amounts import CENT_DECIMALS
from infrastructure.providers.coinbase import reading, webhooks
from infrastructure.providers.coinbase.calls import Call, CoinbaseCalls
from infrastructure.providers.coinbase.reading import NETWORKS, Mismatch
from infrastructure.providers.coinbase.signing import CdpKey, Clock
from infrastructure.providers.coinbase.wire import (
    Order,
    OrderCreated,
    OrderFound,
    Quote,
    SessionCreated,
    Transaction,
    Transactions,
)
from infrastructure.providers.reports import contradiction
from infrastructure.providers.setbacks import nonsense

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10.0
QUOTE_SECONDS: Final = 60
"""Coinbase's quotes are estimates without an end: how long we stand by one."""
SESSION_SECONDS: Final = 300
"""A session's link can be opened for so long."""
TRANSACTIONS_MAX: Final = 100
"""Of one session: a user who tries to pay more often is not waited for."""
_REFERENCE_MARK: Final = "p."
_USER_LENGTH_MAX: Final = 14
_DIGEST_LENGTH: Final = 32  # with mark, user and dots 49: partner references are below 50
_QUOTE_REFERENCE: Final = "quote"
_HEALTH_REFERENCE: Final = "health"
_ORDER_METHODS: Final = MappingProxyType(
    {
        PaymentMethod.APPLE_PAY: "GUEST_CHECKOUT_APPLE_PAY",
        PaymentMethod.GOOGLE_PAY: "GUEST_CHECKOUT_GOOGLE_PAY",
    }
)
_SESSION_METHODS: Final = MappingProxyType(
    {
        PaymentMethod.CARD: "CARD",
        PaymentMethod.BANK: "ACH",
        PaymentMethod.APPLE_PAY: "APPLE_PAY",
        PaymentMethod.PAYPAL: "PAYPAL",
    }
)
_OVER: Final = frozenset({PaymentState.DELIVERED, PaymentState.FAILED})


class CoinbaseOnRamp:
    """`platform_url` is the API's (…/platform), `history_url` that of the on-ramp's v1.

    `us_state` is told for users in the United States, whose state the port does not carry:
    Coinbase gives no quote without one.
    """

    name: Final = "coinbase"
    idempotency: Final = Idempotency(on_server=False)
    keeps_developer_fee: Final = False

    def __init__(
        self,
        client: HttpClient,
        *,
        platform_url: str,
        history_url: str,
        key: CdpKey,
        webhook_secret: str,
        us_state: str,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._calls = CoinbaseCalls(client, key, clock, timeout_seconds=timeout_seconds)
        self._platform_url = platform_url
        self._history_url = history_url
        self._webhook_secret = webhook_secret
        self._us_state = us_state
        self._clock = clock

    async def healthy(self) -> bool:
        answer = await self._transactions(_HEALTH_REFERENCE)
        return isinstance(answer, list)

    async def quote(self, request: OnRampQuoteRequest) -> OnRampQuote | Setback:
        body = self._wish(request)
        if isinstance(body, Declined):
            return body
        told = await self._price(request, body)
        if isinstance(told, Declined | NotAttempted | Unanswered):
            return told
        try:
            expires_at = self._clock() + timedelta(seconds=QUOTE_SECONDS)
            return reading.quote_of(told, request, expires_at)
        except Mismatch as error:
            return nonsense(str(error))

    async def initiate_fiat_to_crypto(self, order: PaymentOrder) -> PaymentOpened | Setback:
        body = self._wish(order.quote.request)
        if isinstance(body, Declined):
            return body
        if order.developer_fee:
            return Declined(code="PRV_UNSUPPORTED", reason="Coinbase keeps no fee for us")
        body["partnerUserRef"] = partner_reference(order)
        if _by_order(order.quote.request):
            return await self._open_order(order, body)
        return await self._open_session(order, body)

    async def find_payment(self, order: PaymentOrder) -> PaymentOpened | Setback | None:
        """None also where there is a link that was lost: nobody can pay by it. Where somebody did
        pay, it is a setback that an operator has to look at: the link cannot be had again."""
        found = await self._transactions(partner_reference(order))
        if not isinstance(found, list):
            return found
        if all(reading.state_of(transaction) is PaymentState.FAILED for transaction in found):
            return None
        return Unanswered(reason="a payment under this reference is under way, its link is lost")

    async def check_payment_status(self, reference: str) -> PaymentStatus | Setback:
        if not reference.startswith(_REFERENCE_MARK):
            return await self._order_status(reference)
        found = await self._transactions(reference)
        if not isinstance(found, list):
            return found
        return reading.status_of_session(reference, found)

    async def cancel_payment(self, reference: str, *, key: str) -> PaymentStatus | Setback:
        """Coinbase can neither cancel nor refund at our wish (it refunds by itself what it could
        not deliver): what is over tells how, all else is declined."""
        logger.debug("coinbase: cancellation %s asked for", key)
        status = await self.check_payment_status(reference)
        if isinstance(status, PaymentStatus) and status.state not in _OVER:
            reason = f"Coinbase cannot cancel a payment that is {status.state}"
            return Declined(code="PRV_UNSUPPORTED", reason=reason)
        return status

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        return webhooks.read(headers, body, now, self._webhook_secret)

    # -------------------------------------------------------------- asking

    def _wish(self, request: OnRampQuoteRequest) -> dict[str, object] | Declined:
        """What orders and sessions are asked for alike, or why Coinbase need not be asked."""
        methods = _ORDER_METHODS if _by_order(request) else _SESSION_METHODS
        method = methods.get(request.payment_method)
        if method is None:
            reason = f"no {request.payment_method} in {request.country}"
            return Declined(code="PRV_UNSUPPORTED", reason=reason)
        wish: dict[str, object] = {
            "paymentAmount": format_amount(request.fiat_amount, CENT_DECIMALS),
            "paymentCurrency": request.fiat_currency,
            "paymentMethod": method,
            "purchaseCurrency": request.asset.symbol,
            "destinationNetwork": NETWORKS[request.asset.chain],
            "destinationAddress": request.address,
        }
        if not _by_order(request):
            wish["country"] = request.country
            if request.country == "US":
                wish["subdivision"] = self._us_state
        return wish

    async def _price(
        self, request: OnRampQuoteRequest, body: dict[str, object]
    ) -> Order | Quote | Setback:
        if _by_order(request):
            body |= {"partnerUserRef": _QUOTE_REFERENCE, "isQuote": True}
            order = await self._calls.make(self._order_call(body, changes=False))
            return order.order if isinstance(order, OrderCreated) else order
        session = await self._calls.make(self._session_call(body, changes=False))
        if not isinstance(session, SessionCreated):
            return session
        return session.quote or nonsense("an answer without a quote")

    def _order_call(self, body: object, *, changes: bool) -> Call[OrderCreated]:
        url = f"{self._platform_url}/v2/onramp/orders"
        return Call(method="POST", url=url, body=body, kind=OrderCreated, changes=changes)

    def _session_call(self, body: object, *, changes: bool) -> Call[SessionCreated]:
        url = f"{self._platform_url}/v2/onramp/sessions"
        return Call(method="POST", url=url, body=body, kind=SessionCreated, changes=changes)

    async def _open_order(
        self, order: PaymentOrder, body: dict[str, object]
    ) -> PaymentOpened | Setback:
        body["partnerOrderRef"] = order.key
        created = await self._calls.make(self._order_call(body, changes=True))
        if not isinstance(created, OrderCreated):
            return created
        try:
            reading.check(created.order, order.quote.request)
        except Mismatch as error:
            return contradiction("coinbase", str(error))
        if created.payment_link is None or not _is_link(created.payment_link.url):
            return contradiction("coinbase", "an order without a payment link")
        link = created.payment_link.url
        joint = "&" if urlsplit(link).query else "?"
        link += joint + urlencode({"redirect_url": order.return_url})
        return PaymentOpened(reference=created.order.order_id, redirect_url=link, expires_at=None)

    async def _open_session(
        self, order: PaymentOrder, body: dict[str, object]
    ) -> PaymentOpened | Setback:
        body["redirectUrl"] = order.return_url
        created = await self._calls.make(self._session_call(body, changes=True))
        if not isinstance(created, SessionCreated):
            return created
        try:
            if created.quote is not None:
                reading.check(created.quote, order.quote.request)
        except Mismatch as error:
            return contradiction("coinbase", str(error))
        if not _is_link(created.session.onramp_url):
            return contradiction("coinbase", "a session without a link")
        return PaymentOpened(
            reference=partner_reference(order),
            redirect_url=created.session.onramp_url,
            expires_at=self._clock() + timedelta(seconds=SESSION_SECONDS),
        )

    async def _order_status(self, reference: str) -> PaymentStatus | Setback:
        url = f"{self._platform_url}/v2/onramp/orders/{quoted(reference, safe='')}"
        found = await self._calls.make(Call(method="GET", url=url, kind=OrderFound))
        if not isinstance(found, OrderFound):
            return found
        if found.order.order_id != reference:
            return NotAttempted(reason="the answer is about another order")
        return reading.status_of_order(found.order)

    async def _transactions(self, reference: str) -> list[Transaction] | Setback:
        url = f"{self._history_url}/buy/user/{quoted(reference, safe='')}/transactions"
        query = f"?page_size={TRANSACTIONS_MAX}"
        call = Call(method="GET", url=url, query=query, kind=Transactions)
        found = await self._calls.make(call)
        return found.transactions if isinstance(found, Transactions) else found


def partner_reference(order: PaymentOrder) -> str:
    """The same for the same order, and no other's; it begins as no order's identifier does."""
    user = re.sub(r"[^A-Za-z0-9]", "", order.user_reference)[:_USER_LENGTH_MAX]
    digest = hashlib.sha256(order.key.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{_REFERENCE_MARK}{user}.{digest}"


def _by_order(request: OnRampQuoteRequest) -> bool:
    """Guest orders exist in the United States alone."""
    return request.country == "US" and request.payment_method in _ORDER_METHODS


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://"))
