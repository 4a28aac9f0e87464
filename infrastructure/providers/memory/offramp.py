"""An off-ramp in memory: the port's behaviour without a wire, for unit tests and the simulator."""

import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    ProviderFee,
    Setback,
    Unanswered,
    Webhook,
    WebhookRefused,
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
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import USDC

QUOTE_LIFETIME: Final = timedelta(minutes=2)
WEBHOOK_AGE_MAX: Final = timedelta(minutes=10)
FEE_MILLIONTHS: Final = 5_000
RATES_MILLIONTHS: Final = {"USD": 1_000_000, "EUR": 920_000, "GBP": 790_000, "BRL": 5_400_000}
"""What a dollar gives in each currency."""
NUMBERS: Final = ("account_number", "iban", "pix_key")
"""What names a bank account, by its kind."""
_UNITS_PER_CENT: Final = 10_000
_TAIL: Final = 4
_MILLION: Final = 1_000_000


class Event(msgspec.Struct, frozen=True):
    id: str
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """How the next calls end: with `setback`, after they were carried out or instead."""

    setback: Setback
    executed: bool = False


@dataclass(slots=True, kw_only=True)
class _Withdrawal:
    order: WithdrawalOrder
    opened: WithdrawalOpened
    status: WithdrawalStatus


@dataclass(slots=True, kw_only=True)
class MemoryOffRamp:
    """`now` is the time. `script` says how the next calls of an operation end; what comes of a
    withdrawal, whoever tests it says by `receive` and `become`."""

    now: Callable[[], datetime]
    name: str = "memory"
    idempotency: Idempotency = field(
        default=Idempotency(on_server=True, lifetime_seconds=24 * 3600)
    )
    secret: bytes = field(default=b"memory", repr=False)
    is_healthy: bool = True
    _scripts: dict[str, deque[Scripted]] = field(default_factory=dict)
    _customers: dict[str, CustomerKnown] = field(default_factory=dict)
    _accounts: dict[str, BankAccountRegistered] = field(default_factory=dict)
    _withdrawals: dict[str, _Withdrawal] = field(default_factory=dict)

    # -------------------------------------------------------------- the port

    async def healthy(self) -> bool:
        return self.is_healthy

    async def ensure_customer(self, customer: NewCustomer) -> CustomerKnown | Setback:
        scripted = self._next("ensure_customer")
        if scripted is not None and not scripted.executed:
            return scripted.setback
        known = self._customers.setdefault(
            customer.reference, CustomerKnown(id=_token("customer", customer.reference))
        )
        return known if scripted is None else scripted.setback

    async def register_bank_account(
        self, customer: str, details: BankAccountDetails, *, key: str
    ) -> BankAccountRegistered | Setback:
        scripted = self._next("register_bank_account")
        if scripted is not None and not scripted.executed:
            return scripted.setback
        named = (details.account.get(name, "") for name in NUMBERS)
        number = next((text for text in named if text), "")
        if not number:
            return Declined(code="PRV_INVALID", reason="memory: no account")
        token = _token("account", customer, number)
        account = self._accounts.setdefault(
            key, BankAccountRegistered(token=token, label=number[-_TAIL:])
        )
        return account if scripted is None else scripted.setback

    async def quote(self, request: OffRampQuoteRequest) -> OffRampQuote | Setback:
        scripted = self._next("quote")
        if scripted is not None:
            return scripted.setback
        rate = RATES_MILLIONTHS.get(request.fiat_currency)
        if request.asset != USDC or rate is None:
            return Declined(code="PRV_UNSUPPORTED", reason="memory: not paid out")
        fee = request.asset_amount * FEE_MILLIONTHS // _MILLION
        fiat_amount = (request.asset_amount - fee) * rate // _MILLION // _UNITS_PER_CENT
        return OffRampQuote(
            request=request,
            fiat_amount=fiat_amount,
            fees=(ProviderFee(kind="PROVIDER", amount=fee, asset=request.asset.symbol),),
            expires_at=self.now() + QUOTE_LIFETIME,
            estimated_seconds=600,
        )

    async def initiate_crypto_to_fiat(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback:
        scripted = self._next("initiate_crypto_to_fiat")
        if scripted is not None and not scripted.executed:
            return scripted.setback
        known = self._by_key(order.key)
        if known is not None and known.order != order:
            return Unanswered(reason="memory: the key was used before")
        opened = self._open(order) if known is None else known.opened
        return opened if scripted is None else scripted.setback

    async def find_withdrawal(self, order: WithdrawalOrder) -> WithdrawalOpened | Setback | None:
        scripted = self._next("find_withdrawal")
        if scripted is not None:
            return scripted.setback
        known = self._by_key(order.key)
        if known is None:
            return None
        if known.status.state is WithdrawalState.CANCELLED:
            return Declined(code="PRV_LAPSED", reason="memory: cancelled")
        return known.opened

    async def check_withdrawal_status(self, reference: str) -> WithdrawalStatus | Setback:
        scripted = self._next("check_withdrawal_status")
        if scripted is not None:
            return scripted.setback
        known = self._withdrawals.get(reference)
        if known is None:
            return Declined(code="PRV_NOT_FOUND", reason="memory: unknown")
        return known.status

    async def cancel_withdrawal(self, reference: str, *, key: str) -> WithdrawalStatus | Setback:  # noqa: ARG002 - cancelling twice is cancelling once
        scripted = self._next("cancel_withdrawal")
        if scripted is not None and not scripted.executed:
            return scripted.setback
        known = self._withdrawals.get(reference)
        if known is None:
            return Declined(code="PRV_NOT_FOUND", reason="memory: unknown")
        if known.status.state is WithdrawalState.AWAITING_FUNDS:
            self.become(reference, WithdrawalState.CANCELLED)
        return known.status if scripted is None else scripted.setback

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        signature = headers.get("x-memory-signature")
        if not signature:
            raise WebhookRefused("SIGNATURE_MISSING")
        if not hmac.compare_digest(signature.encode(), self._signature(body)):
            raise WebhookRefused("SIGNATURE_WRONG")
        try:
            event = msgspec.json.decode(body, type=Event)
        except msgspec.MsgspecError:
            unread = hashlib.sha256(body).hexdigest()
            return Webhook(message_id=unread, reference=None, event="unreadable")
        if now - event.at > WEBHOOK_AGE_MAX:
            raise WebhookRefused("STALE")
        return Webhook(
            message_id=event.id,
            reference=event.reference,
            event="withdrawal.changed",
            occurred_at=event.at,
        )

    # -------------------------------------------------------------- the world around it

    def script(self, operation: str, *endings: Scripted) -> None:
        """The next calls of `operation` end so, one after the other."""
        self._scripts.setdefault(operation, deque()).extend(endings)

    def receive(self, reference: str, *, transaction_hash: str, amount: int | None = None) -> None:
        """The user's funds came; another amount than was asked for goes back."""
        known = self._withdrawals[reference]
        known.status = replace(known.status, deposit_transaction_hash=transaction_hash)
        whole = amount in (None, known.opened.asset_amount)
        waiting = known.status.state is WithdrawalState.AWAITING_FUNDS
        fits = whole and waiting
        self.become(reference, WithdrawalState.FUNDS_RECEIVED if fits else WithdrawalState.RETURNED)

    def become(
        self,
        reference: str,
        state: WithdrawalState,
        *,
        refund_transaction_hash: str | None = None,
        failure: str | None = None,
    ) -> None:
        known = self._withdrawals[reference]
        known.status = replace(
            known.status,
            state=state,
            provider_status=state.value.lower(),
            refund_transaction_hash=refund_transaction_hash,
            failure=failure,
            updated_at=self.now(),
        )

    def message(self, reference: str) -> tuple[dict[str, str], bytes]:
        """The headers and body of a webhook about a withdrawal, as of now."""
        at = self.now()
        event = Event(id=_token("event", reference, at.isoformat()), reference=reference, at=at)
        body = msgspec.json.encode(event)
        return {"x-memory-signature": self._signature(body).decode()}, body

    def _open(self, order: WithdrawalOrder) -> WithdrawalOpened:
        reference = _token("withdrawal", order.key)
        opened = WithdrawalOpened(
            reference=reference,
            deposit_address=_token("address", reference),
            asset_amount=order.quote.request.asset_amount,
        )
        status = WithdrawalStatus(
            reference=reference,
            state=WithdrawalState.AWAITING_FUNDS,
            provider_status="awaiting_funds",
            asset_amount=opened.asset_amount,
            fiat_amount=order.quote.fiat_amount - order.developer_fee,
            fiat_currency=order.quote.request.fiat_currency,
            updated_at=self.now().astimezone(UTC),
        )
        self._withdrawals[reference] = _Withdrawal(order=order, opened=opened, status=status)
        return opened

    def _by_key(self, key: str) -> _Withdrawal | None:
        return self._withdrawals.get(_token("withdrawal", key))

    def _next(self, operation: str) -> Scripted | None:
        scripted = self._scripts.get(operation)
        return scripted.popleft() if scripted else None

    def _signature(self, body: bytes) -> bytes:
        return hmac.new(self.secret, body, hashlib.sha256).hexdigest().encode()


def _token(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
