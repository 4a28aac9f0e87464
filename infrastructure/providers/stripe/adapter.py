"""Stripe's crypto on-ramp on its hosted page.

Stripe puts its fees on top of what is exchanged, the port counts them in: a quote looks for the
amount that comes to the wished total. A session binds currency, network, amount and address, and
carries our key, by which it is found again. Stripe can neither cancel nor refund one at our wish,
and takes no address to return to: its page is left as it was entered.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote as quoted

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    NotAttempted,
    Setback,
    Webhook,
)
from domain.provider.ports.onramp import (
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentOpened,
    PaymentOrder,
    PaymentState,
    PaymentStatus,
)
from domain.shared.money import format_amount
from infrastructure.http import HttpClient
from infrastructure.providers.amounts import CENT_DECIMALS
from infrastructure.providers.reports import contradiction
from infrastructure.providers.setbacks import nonsense
from infrastructure.providers.stripe import reading, webhooks
from infrastructure.providers.stripe.calls import Call, Form, StripeCalls
from infrastructure.providers.stripe.coverage import NETWORKS, obstacle
from infrastructure.providers.stripe.reading import Mismatch, Priced
from infrastructure.providers.stripe.wire import Quotes, Session, SessionList

logger = logging.getLogger(__name__)

API_VERSION: Final = "2025-10-29.clover"
TIMEOUT_SECONDS: Final = 10.0
QUOTE_SECONDS: Final = 60
"""Stripe's quotes are estimates without an end: how long we stand by one."""
QUOTE_ROUNDS_MAX: Final = 6
"""Fees of a percentage and a fixed part take three or four."""
REST_CENTS_MAX: Final = 1
"""What rounding may leave of the wished total."""
PAGE_SIZE: Final = 100
PAGES_MAX: Final = 10
"""A thousand sessions: as many as one may look through for one that was lost."""
_DAY_SECONDS: Final = 24 * 3600
# Clocks differ, and a quote may be acted upon late in its life.
_SEARCH_SECONDS: Final = QUOTE_SECONDS + 300
_OVER: Final = frozenset({PaymentState.DELIVERED, PaymentState.FAILED})
_SESSIONS_PATH: Final = "/v1/crypto/onramp_sessions"
_QUOTES_PATH: Final = "/v1/crypto/onramp_quotes"


class StripeOnRamp:
    """`base_url` is Stripe's without a path; `webhook_secret` that of the endpoint (whsec_…)."""

    name: Final = "stripe"
    idempotency: Final = Idempotency(on_server=True, lifetime_seconds=_DAY_SECONDS)
    keeps_developer_fee: Final = False

    def __init__(
        self,
        client: HttpClient,
        *,
        base_url: str,
        secret_key: str,
        webhook_secret: str,
        clock: Callable[[], datetime],
        api_version: str = API_VERSION,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._calls = StripeCalls(
            client,
            base_url=base_url,
            secret_key=secret_key,
            version=api_version,
            timeout_seconds=timeout_seconds,
        )
        self._webhook_secret = webhook_secret
        self._clock = clock

    async def healthy(self) -> bool:
        form = [("limit", "1")]
        call = Call(method="GET", path=_SESSIONS_PATH, form=form, kind=SessionList)
        answer = await self._calls.make(call)
        return isinstance(answer, SessionList)

    async def quote(self, request: OnRampQuoteRequest) -> OnRampQuote | Setback:
        refusal = _refusal(request)
        if refusal is not None:
            return refusal
        source, best, before = request.fiat_amount, None, None
        tried: set[int] = set()
        while source not in tried and len(tried) < QUOTE_ROUNDS_MAX:
            tried.add(source)
            found = await self._price(request, source)
            if not isinstance(found, Priced):
                return found
            if found.total <= request.fiat_amount and (best is None or found.total > best.total):
                best = found
            source, before = _closer(found, before, request.fiat_amount), found
            if source <= 0:
                return Declined(code="PRV_LIMIT", reason="the fees are more than the amount")
        if best is None or request.fiat_amount - best.total > REST_CENTS_MAX:
            return nonsense("no amount comes to the total that was asked for")
        return reading.quote_of(best, request, self._clock() + timedelta(seconds=QUOTE_SECONDS))

    async def initiate_fiat_to_crypto(self, order: PaymentOrder) -> PaymentOpened | Setback:
        refusal = _refusal(order.quote.request)
        if refusal is not None:
            return refusal
        if order.developer_fee:
            return Declined(code="PRV_UNSUPPORTED", reason="Stripe keeps no fee for us")
        session = await self._calls.make(
            Call(
                method="POST",
                path=_SESSIONS_PATH,
                form=_wish(order),
                kind=Session,
                idempotency_key=order.key,
            )
        )
        return _opened(session, order) if isinstance(session, Session) else session

    async def find_payment(self, order: PaymentOrder) -> PaymentOpened | Setback | None:
        """Looks through the sessions since the quote for the one that carries the order's key."""
        since = int(order.quote.expires_at.timestamp()) - _SEARCH_SECONDS
        form = [("limit", str(PAGE_SIZE)), ("created[gte]", str(since))]
        after: list[tuple[str, str]] = []
        for _ in range(PAGES_MAX):
            page = await self._calls.make(
                Call(method="GET", path=_SESSIONS_PATH, form=form + after, kind=SessionList)
            )
            if not isinstance(page, SessionList):
                return page
            for session in page.data:
                if (session.metadata or {}).get(reading.KEY_METADATA) == order.key:
                    return _opened(session, order)
            if not page.has_more or not page.data:
                return None
            after = [("starting_after", page.data[-1].id)]
        return NotAttempted(reason="too many sessions to look through")

    async def check_payment_status(self, reference: str) -> PaymentStatus | Setback:
        path = f"{_SESSIONS_PATH}/{quoted(reference, safe='')}"
        session = await self._calls.make(Call(method="GET", path=path, kind=Session))
        if not isinstance(session, Session):
            return session
        if session.id != reference:
            return NotAttempted(reason="the answer is about another session")
        return reading.status_of(session)

    async def cancel_payment(self, reference: str, *, key: str) -> PaymentStatus | Setback:
        """What is over tells how; all else is declined: Stripe has no way to do it."""
        logger.debug("stripe: cancellation %s asked for", key)
        status = await self.check_payment_status(reference)
        if isinstance(status, PaymentStatus) and status.state not in _OVER:
            reason = f"Stripe cannot cancel a session that is {status.state}"
            return Declined(code="PRV_UNSUPPORTED", reason=reason)
        return status

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        return webhooks.read(headers, body, now, self._webhook_secret)

    async def _price(self, request: OnRampQuoteRequest, source: int) -> Priced | Setback:
        form = [
            ("source_currency", request.fiat_currency.lower()),
            ("source_amount", format_amount(source, CENT_DECIMALS)),
            ("destination_currencies[]", request.asset.symbol.lower()),
            ("destination_networks[]", NETWORKS[request.asset.chain]),
        ]
        call = Call(method="GET", path=_QUOTES_PATH, form=form, kind=Quotes)
        quotes = await self._calls.make(call)
        if not isinstance(quotes, Quotes):
            return quotes
        try:
            return reading.priced(quotes, request, source)
        except Mismatch as error:
            return nonsense(str(error))


def _closer(found: Priced, before: Priced | None, total: int) -> int:
    """The amount whose total should be `total`, on a line through the two that are known; `found`
    itself where its total is that."""
    missing = total - found.total
    run, rise = found.source, found.total
    if before is not None and before.total != found.total:
        run, rise = found.source - before.source, found.total - before.total
    step = -(-abs(missing * run) // abs(rise))
    return found.source + (step if missing > 0 else -step)


def _wish(order: PaymentOrder) -> Form:
    request = order.quote.request
    currency, network = request.asset.symbol.lower(), NETWORKS[request.asset.chain]
    return [
        ("source_currency", request.fiat_currency.lower()),
        ("source_amount", format_amount(reading.source_of(order.quote), CENT_DECIMALS)),
        ("destination_currency", currency),
        # Lists of one: the user cannot choose another.
        ("destination_currencies[]", currency),
        ("destination_network", network),
        ("destination_networks[]", network),
        (f"wallet_addresses[{network}]", request.address),
        ("lock_wallet_address", "true"),
        (f"metadata[{reading.KEY_METADATA}]", order.key),
        (f"metadata[{reading.USER_METADATA}]", order.user_reference),
    ]


def _opened(session: Session, order: PaymentOrder) -> PaymentOpened | Setback:
    try:
        reading.check(session, order)
    except Mismatch as error:
        return contradiction("stripe", str(error))
    if not (session.redirect_url or "").startswith(("https://", "http://")):
        return contradiction("stripe", "a session without a page")
    return PaymentOpened(
        reference=session.id, redirect_url=session.redirect_url or "", expires_at=None
    )


def _refusal(request: OnRampQuoteRequest) -> Declined | None:
    reason = obstacle(request)
    return None if reason is None else Declined(code="PRV_UNSUPPORTED", reason=reason)
