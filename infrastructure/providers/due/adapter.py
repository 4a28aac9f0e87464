"""Due as an off-ramp: the port's calls, in the order in which a withdrawal makes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote as quoted

import msgspec

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    NotAttempted,
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
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalStatus,
)
from domain.shared.assets import USDC
from infrastructure.http import HttpClient
from infrastructure.providers import amounts
from infrastructure.providers.bank_accounts import CURRENCIES, tail
from infrastructure.providers.due import recipients, transfers, webhooks, wire
from infrastructure.providers.due.calls import ALREADY_THERE, NOT_FOUND, DueCalls, DueSettings
from infrastructure.providers.due.references import account_and_transfer, reference
from infrastructure.providers.public_keys import read_ed25519_keys
from infrastructure.providers.reports import contradiction

PAGE: Final = 50
PAGES_MAX: Final = 20
"""Of an account's transfers, newest first: a thousand are more than one makes while an outcome is
unknown."""


class DueOffRamp:
    """Stateless. A quote of Due is bound to the account that asked, and its fee is set when it is
    asked for; so an initiation asks for a quote of its own, and goes on only if that is no worse
    than the one that the user saw."""

    name: Final = "due"
    idempotency: Final = Idempotency(on_server=False)

    def __init__(self, client: HttpClient, settings: DueSettings) -> None:
        self._calls = DueCalls(client, settings)
        self._keys = read_ed25519_keys(settings.webhook_public_keys, provider=self.name)
        self._quote_account = settings.quote_account

    async def healthy(self) -> bool:
        answer = await self._calls.read(
            "/v1/channels", list[wire.Channel], account=self._quote_account
        )
        return isinstance(answer, list)

    async def ensure_customer(self, customer: NewCustomer) -> CustomerKnown | Setback:
        """Due knows no keys: an account of that external id is looked for first."""
        own = self._quote_account
        known = await self._calls.read("/v1/accounts/", list[wire.Account], account=own)
        if not isinstance(known, list):
            return known
        found = next((each for each in known if each.external_id == customer.reference), None)
        if found is not None:
            return CustomerKnown(id=found.id)
        asked = wire.NewAccount(
            type="individual",
            name=customer.full_name,
            country=customer.country,
            external_id=customer.reference,
        )
        answer = await self._calls.change("/v1/accounts", asked, wire.Account, account=own)
        if not isinstance(answer, wire.Account):
            return answer
        if answer.external_id not in {None, customer.reference}:
            return contradiction("due", f"account {answer.id} is somebody else's")
        return CustomerKnown(id=answer.id)

    async def register_bank_account(
        self,
        customer: str,
        details: BankAccountDetails,
        *,
        key: str,  # noqa: ARG002 - Due knows no keys; it keeps an account once, which does as well
    ) -> BankAccountRegistered | Setback:
        asked = recipients.described(details)
        if isinstance(asked, Declined):
            return asked
        answer = await self._calls.change("/v1/recipients", asked, wire.Recipient, account=customer)
        if isinstance(answer, Declined) and answer.provider_code == ALREADY_THERE:
            return await self._registered_before(customer, asked, refused=answer)
        if not isinstance(answer, wire.Recipient):
            return answer
        if answer.details is not None and answer.details.number != asked.details.number:
            return contradiction("due", f"recipient {answer.id} differs in the number")
        return BankAccountRegistered(token=answer.id, label=tail(asked.details.number))

    async def quote(self, request: OffRampQuoteRequest) -> OffRampQuote | Setback:
        if request.asset != USDC or CURRENCIES[request.rail] != request.fiat_currency:
            return Declined(
                code="PRV_UNSUPPORTED",
                reason=f"due: no {request.asset.symbol} to {request.fiat_currency}"
                f" over {request.rail}",
            )
        return await self._quote(request, account=self._quote_account, developer_fee=0)

    async def initiate_crypto_to_fiat(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback:
        quote = await self._quote(
            order.quote.request, account=order.customer, developer_fee=order.developer_fee
        )
        if not isinstance(quote, OffRampQuote):
            return quote
        if quote.reference is None or quote.fiat_amount < transfers.least_payout(order):
            return Declined(code="PRV_QUOTE_CHANGED", reason="due: the quote no longer holds")
        asked = wire.NewTransfer(
            quote=quote.reference, recipient=order.bank_account, external_id=order.key
        )
        answer = await self._calls.change(
            "/v1/transfers",
            asked,
            wire.Transfer,
            account=order.customer,
            conflict_is_unknown=True,
        )
        return await self._opened(order, answer) if isinstance(answer, wire.Transfer) else answer

    async def find_withdrawal(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback | None:
        after = ""
        for _ in range(PAGES_MAX):
            path = f"/v1/transfers?order=desc&limit={PAGE}{after}"
            page = await self._calls.read(path, wire.Transfers, account=order.customer)
            if not isinstance(page, wire.Transfers):
                return page
            for transfer in page.items:
                if transfer.external_id == order.key:
                    return await self._opened(order, transfer)
                if transfer.external_id is None and transfers.difference(order, transfer) is None:
                    return Unanswered(reason=f"due: transfer {transfer.id} may be the one")
            if not page.next:
                return None
            after = f"&next={quoted(page.next, safe='')}"
        return NotAttempted(reason="due: more transfers than are looked through")

    async def check_withdrawal_status(self, reference: str) -> WithdrawalStatus | Setback:
        ids = account_and_transfer(reference)
        if ids is None:
            return Declined(code=NOT_FOUND, reason="due: not one of its references")
        account, transfer = ids
        path = f"/v1/transfers/{quoted(transfer, safe='')}"
        answer = await self._calls.read(path, wire.Transfer, account=account)
        if not isinstance(answer, wire.Transfer):
            return answer
        if answer.id != transfer:
            return NotAttempted(reason="due: told of another transfer")
        try:
            return transfers.status(account, answer)
        except amounts.NotAnAmount:
            return NotAttempted(reason="due: unreadable amount")

    async def cancel_withdrawal(
        self,
        reference: str,  # noqa: ARG002 - as below
        *,
        key: str,  # noqa: ARG002 - Due has no such call: a transfer that gets no funds lapses
    ) -> WithdrawalStatus | Setback:
        return Declined(
            code="PRV_UNSUPPORTED", reason="due: cancels nothing; what gets no funds lapses"
        )

    def read_webhook(
        self,
        headers: Mapping[str, str],
        body: bytes,
        now: datetime,  # noqa: ARG002 - Due signs no time
    ) -> Webhook:
        return webhooks.read(headers, body, self._keys)

    async def _quote(
        self, request: OffRampQuoteRequest, *, account: str, developer_fee: int
    ) -> OffRampQuote | Setback:
        asked = transfers.quote_asked_for(request, developer_fee=developer_fee)
        answer = await self._calls.ask("/v1/transfers/quote", asked, wire.Quote, account=account)
        if not isinstance(answer, wire.Quote):
            return answer
        return transfers.quoted(request, answer, developer_fee=developer_fee)

    async def _opened(
        self, order: WithdrawalOrder, transfer: wire.Transfer
    ) -> WithdrawalOpened | Declined | Unanswered:
        """Asks where to send. The transfer is there: whatever goes wrong now leaves it unknown,
        unless it has lapsed, for nobody was told where to send."""
        if transfers.has_lapsed(transfer):
            return Declined(code="PRV_LAPSED", reason=f"due: transfer {transfer.id} has lapsed")
        different = transfers.difference(order, transfer)
        if different is not None:
            return contradiction("due", f"transfer {transfer.id} differs in {different}")
        path = f"/v1/transfers/{quoted(transfer.id, safe='')}/funding_address"
        told = await self._calls.change(path, None, wire.FundingAddress, account=order.customer)
        if not isinstance(told, wire.FundingAddress):
            return Unanswered(reason=f"due: transfer {transfer.id} has no address: {told.reason}")
        address = transfers.address(told)
        if address is None:
            return contradiction("due", f"transfer {transfer.id} differs in where to send")
        return WithdrawalOpened(
            reference=reference(account=order.customer, transfer=transfer.id),
            deposit_address=address,
            asset_amount=order.quote.request.asset_amount,
            expires_at=transfer.expires_at,
        )

    async def _registered_before(
        self, customer: str, asked: wire.NewRecipient, *, refused: Declined
    ) -> BankAccountRegistered | Setback:
        after = ""
        for _ in range(PAGES_MAX):
            path = f"/v1/recipients?limit={PAGE}{after}"
            page = await self._calls.read(path, wire.Recipients, account=customer)
            if not isinstance(page, wire.Recipients):
                return page
            for recipient in page.items:
                if recipient.is_active and _is_same_account(recipient, asked):
                    return BankAccountRegistered(
                        token=recipient.id, label=tail(asked.details.number)
                    )
            if not page.next:
                return refused
            after = f"&next={quoted(page.next, safe='')}"
        return refused


def _is_same_account(recipient: wire.RecipientDetails, asked: wire.NewRecipient) -> bool:
    try:
        details = msgspec.json.decode(recipient.details, type=wire.BankDetails)
    except msgspec.MsgspecError:
        return False
    known = (details.schema, details.number, details.routing_number, details.sort_code)
    wanted = asked.details
    return known == (wanted.schema, wanted.number, wanted.routing_number, wanted.sort_code)
