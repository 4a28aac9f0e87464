"""Bridge as an off-ramp: the port's calls, in the order in which a withdrawal makes them."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final
from urllib.parse import quote as quoted

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    NotAttempted,
    ProviderFee,
    Setback,
    Unanswered,
    Webhook,
)
from domain.provider.ports.offramp import (
    BankAccountDetails,
    BankAccountRegistered,
    CustomerKnown,
    NewCustomer,
    OffRampQuote,
    OffRampQuoteRequest,
    PayoutRail,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import USDC
from infrastructure.http import HttpClient
from infrastructure.providers import amounts
from infrastructure.providers.bank_accounts import CURRENCIES
from infrastructure.providers.bridge import accounts, transfers, webhooks, wire
from infrastructure.providers.bridge.calls import (
    DUPLICATE_ACCOUNT,
    NOT_FOUND,
    BridgeCalls,
    BridgeSettings,
)
from infrastructure.providers.public_keys import read_rsa_keys
from infrastructure.providers.reports import contradiction
from infrastructure.providers.setbacks import nonsense

logger = logging.getLogger(__name__)

KEY_LIFETIME_SECONDS: Final = 24 * 3600
PAR_LIFETIME: Final = timedelta(minutes=10)
"""USDC for dollars is one for one: nothing moves."""
RATE_LIFETIME: Final = timedelta(seconds=30)
"""Bridge locks no rate; its rates are renewed about so often."""
RATE_SPREAD_MAX: Final = Decimal("0.05")
"""A rate further below the market's middle is a mistake."""
RATE_DIGITS_MAX: Final = 20
PAGE: Final = 100
PAGES_MAX: Final = 10
"""Of a customer's transfers, newest first: a thousand are more than one makes in a key's life."""
_CENTS_PER_UNIT: Final = Decimal(10) ** (amounts.CENT_DECIMALS - USDC.decimals)
_SECONDS: Final = {
    PayoutRail.ACH: 2 * 86400,
    PayoutRail.WIRE: 86400,
    PayoutRail.SEPA: 86400,
    PayoutRail.FASTER_PAYMENTS: 600,
    PayoutRail.PIX: 600,
}


class BridgeOffRamp:
    """Stateless; `now` gives the time for the expiry of quotes."""

    name: Final = "bridge"
    idempotency: Final = Idempotency(on_server=True, lifetime_seconds=KEY_LIFETIME_SECONDS)

    def __init__(
        self, client: HttpClient, settings: BridgeSettings, *, now: Callable[[], datetime]
    ) -> None:
        self._calls = BridgeCalls(client, settings)
        self._keys = read_rsa_keys(settings.webhook_public_keys, provider=self.name)
        self._now = now

    async def healthy(self) -> bool:
        answer = await self._calls.read("/exchange_rates?from=usd&to=eur", wire.Rate)
        return isinstance(answer, wire.Rate)

    async def ensure_customer(self, customer: NewCustomer) -> CustomerKnown | Setback:
        """The reference is the key: within its lifetime Bridge answers with the same customer."""
        first, _, last = customer.full_name.rpartition(" ")
        asked = wire.NewCustomer(type="individual", first_name=first or last, last_name=last)
        key = f"customer-{customer.reference}"
        answer = await self._calls.create("/customers", asked, wire.Customer, key=key)
        return CustomerKnown(id=answer.id) if isinstance(answer, wire.Customer) else answer

    async def register_bank_account(
        self, customer: str, details: BankAccountDetails, *, key: str
    ) -> BankAccountRegistered | Setback:
        asked = accounts.described(details)
        if isinstance(asked, Declined):
            return asked
        path = f"/customers/{quoted(customer, safe='')}/external_accounts"
        answer = await self._calls.create(path, asked, wire.ExternalAccount, key=key)
        if isinstance(answer, Declined) and answer.provider_code == DUPLICATE_ACCOUNT:
            return await self._registered_before(path, details, asked, refused=answer)
        if not isinstance(answer, wire.ExternalAccount):
            return answer
        if answer.currency != asked.currency:
            return contradiction("bridge", f"account {answer.id} differs in the currency")
        label = answer.tail or accounts.number_tail(details)
        return BankAccountRegistered(token=answer.id, label=label)

    async def quote(self, request: OffRampQuoteRequest) -> OffRampQuote | Setback:
        """At par in dollars; else at the rate of the moment, its spread shown as the fee."""
        if request.asset != USDC or CURRENCIES[request.rail] != request.fiat_currency:
            return Declined(
                code="PRV_UNSUPPORTED",
                reason=f"bridge: no {request.asset.symbol} to {request.fiat_currency}"
                f" over {request.rail}",
            )
        if request.fiat_currency == "USD":
            return self._quoted(request, rate=Decimal(1), middle=Decimal(1), lifetime=PAR_LIFETIME)
        path = f"/exchange_rates?from=usd&to={request.fiat_currency.lower()}"
        answer = await self._calls.read(path, wire.Rate)
        if not isinstance(answer, wire.Rate):
            return answer
        rate, middle = _rate(answer.buy_rate), _rate(answer.midmarket_rate)
        if rate is None or middle is None or not middle * (1 - RATE_SPREAD_MAX) <= rate <= middle:
            return nonsense("bridge: an impossible rate")
        return self._quoted(request, rate=rate, middle=middle, lifetime=RATE_LIFETIME)

    async def initiate_crypto_to_fiat(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback:
        asked = transfers.asked_for(order)
        answer = await self._calls.create("/transfers", asked, wire.Transfer, key=order.key)
        return transfers.opened(order, answer) if isinstance(answer, wire.Transfer) else answer

    async def find_withdrawal(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback | None:
        after = ""
        for _ in range(PAGES_MAX):
            path = f"/customers/{quoted(order.customer, safe='')}/transfers?limit={PAGE}{after}"
            page = await self._calls.read(path, wire.Transfers)
            if not isinstance(page, wire.Transfers):
                return page
            for transfer in page.data:
                if transfer.client_reference_id == order.key:
                    return _found(order, transfer)
            if len(page.data) < PAGE:
                return None
            after = f"&starting_after={quoted(page.data[-1].id, safe='')}"
        return NotAttempted(reason="bridge: more transfers than are looked through")

    async def check_withdrawal_status(self, reference: str) -> WithdrawalStatus | Setback:
        path = f"/transfers/{quoted(reference, safe='')}"
        answer = await self._calls.read(path, wire.Transfer)
        if not isinstance(answer, wire.Transfer):
            return answer
        if answer.id != reference:
            return NotAttempted(reason="bridge: told of another transfer")
        try:
            return transfers.status(answer)
        except amounts.NotAnAmount:
            return NotAttempted(reason="bridge: unreadable amount")

    async def cancel_withdrawal(self, reference: str, *, key: str) -> WithdrawalStatus | Setback:  # noqa: ARG002 - DELETE is idempotent by itself; Bridge wants no key there
        """Deletes the transfer, then looks: a refusal to delete is answered with the state that
        explains it."""
        deleted = await self._calls.delete(f"/transfers/{quoted(reference, safe='')}")
        if isinstance(deleted, NotAttempted | Unanswered):
            return deleted
        status = await self.check_withdrawal_status(reference)
        if deleted is not None or isinstance(status, WithdrawalStatus):
            return status
        if isinstance(status, Declined) and status.code == NOT_FOUND:
            return WithdrawalStatus(
                reference=reference, state=WithdrawalState.CANCELLED, provider_status="deleted"
            )
        return Unanswered(reason=f"bridge: deleted, then: {status.reason}")

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        return webhooks.read(headers, body, now, self._keys)

    def _quoted(
        self,
        request: OffRampQuoteRequest,
        *,
        rate: Decimal,
        middle: Decimal,
        lifetime: timedelta,
    ) -> OffRampQuote:
        fiat_amount = _cents(request.asset_amount, rate)
        spread = _cents(request.asset_amount, middle) - fiat_amount
        fee = ProviderFee(kind="PROVIDER", amount=spread, asset=request.fiat_currency)
        return OffRampQuote(
            request=request,
            fiat_amount=fiat_amount,
            fees=(fee,) if spread else (),
            expires_at=self._now() + lifetime,
            estimated_seconds=_SECONDS[request.rail],
        )

    async def _registered_before(
        self,
        path: str,
        details: BankAccountDetails,
        asked: wire.NewExternalAccount,
        *,
        refused: Declined,
    ) -> BankAccountRegistered | Setback:
        """Bridge keeps an account once. Only its end comes back: two that fit are none."""
        page = await self._calls.read(path, wire.ExternalAccounts)
        if not isinstance(page, wire.ExternalAccounts):
            return page
        tail = accounts.number_tail(details)
        kind = (asked.currency, asked.account_type)
        fitting = [
            account
            for account in page.data
            if account.tail == tail and (account.currency, account.account_type) == kind
        ]
        if len(fitting) != 1:
            return refused
        return BankAccountRegistered(token=fitting[0].id, label=tail)


def _found(
    order: WithdrawalOrder, transfer: wire.Transfer
) -> WithdrawalOpened | Declined | Unanswered:
    """Nobody is to send to a transfer that was cancelled in the meantime."""
    if transfers.has_lapsed(transfer):
        return Declined(code="PRV_LAPSED", reason=f"bridge: transfer {transfer.id} has lapsed")
    return transfers.opened(order, transfer)


def _rate(text: str) -> Decimal | None:
    """A plain positive decimal."""
    try:
        units = amounts.exact(text, decimals=RATE_DIGITS_MAX)
    except amounts.NotAnAmount:
        return None
    return Decimal(units).scaleb(-RATE_DIGITS_MAX) if units else None


def _cents(asset_amount: int, rate: Decimal) -> int:
    cents = Decimal(asset_amount) * rate * _CENTS_PER_UNIT
    return int(cents.to_integral_value(ROUND_DOWN))
