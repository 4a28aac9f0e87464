"""An on-ramp in memory, for unit tests and the simulator: it behaves as the real ones do, and is
told by its owner what users and the world do."""

import hashlib
import hmac
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from domain.provider.ports.answers import (
    Declined,
    Idempotency,
    ProviderFee,
    Setback,
    Webhook,
    WebhookRefused,
)
from domain.provider.ports.onramp import (
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentOpened,
    PaymentOrder,
    PaymentState,
    PaymentStatus,
)

Operation = Literal["quote", "initiate", "find", "status", "cancel", "health"]

PRICES_MICRO_USD: Final[Mapping[str, int]] = MappingProxyType(
    {
        "USDC": 1_000_000,
        "BTC": 100_000_000_000,
        "ETH": 4_000_000_000,
        "SOL": 150_000_000,
        "SUI": 2_500_000,
        "PAXG": 4_200_000_000,
    }
)
FEE_MILLIONTHS: Final = 20_000
AMOUNT_CENTS_MIN: Final = 200
QUOTE_SECONDS: Final = 60
TOLERANCE_SECONDS: Final = 300
SIGNATURE_HEADER: Final = "x-memory-signature"
_MILLION: Final = 1_000_000
_DAY_SECONDS: Final = 24 * 3600
_OVER: Final = frozenset(
    {
        PaymentState.DELIVERED,
        PaymentState.FAILED,
        PaymentState.CANCELLED,
        PaymentState.EXPIRED,
        PaymentState.REFUNDED,
    }
)


class Note(msgspec.Struct, frozen=True):
    """What a message says."""

    id: str
    reference: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """`executed`: the call is carried out, and answered by the setback all the same."""

    setback: Setback
    executed: bool


class MemoryOnRamp:
    """`cancels`: it ends unpaid payments and refunds paid ones at our wish, as some providers do.

    Sells what has a price, for dollars, to anybody.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        name: str = "memory",
        cancels: bool = False,
        keeps_developer_fee: bool = False,
        webhook_secret: str = "memory",  # noqa: S107 - guards nothing but a test's own messages
        prices_micro_usd: Mapping[str, int] = PRICES_MICRO_USD,
    ) -> None:
        self.name: Final = name
        self.idempotency: Final = Idempotency(on_server=True, lifetime_seconds=_DAY_SECONDS)
        self.keeps_developer_fee: Final = keeps_developer_fee
        self._clock = clock
        self._cancels = cancels
        self._secret = webhook_secret
        self._prices = prices_micro_usd
        self._opened: dict[str, PaymentOpened] = {}
        self._orders: dict[str, PaymentOrder] = {}
        self._statuses: dict[str, PaymentStatus] = {}
        self._interruptions: defaultdict[Operation, deque[Interruption]] = defaultdict(deque)
        self._messages_sent = 0

    # -------------------------------------------------------------- the port

    async def healthy(self) -> bool:
        return self._interrupted("health") is None

    async def quote(self, request: OnRampQuoteRequest) -> OnRampQuote | Setback:
        if (interruption := self._interrupted("quote")) is not None:
            return interruption.setback
        price = self._prices.get(request.asset.symbol)
        if price is None or request.fiat_currency != "USD":
            return Declined(code="PRV_UNSUPPORTED", reason="not sold")
        if request.fiat_amount < AMOUNT_CENTS_MIN:
            return Declined(code="PRV_LIMIT", reason="too little")
        fee = -(-request.fiat_amount * FEE_MILLIONTHS // _MILLION)
        value = (request.fiat_amount - fee) * _MILLION * 10**request.asset.decimals
        return OnRampQuote(
            request=request,
            asset_amount=value // (100 * price),
            fees=(ProviderFee(kind="PROVIDER", amount=fee, asset=request.fiat_currency),),
            expires_at=self._clock() + timedelta(seconds=QUOTE_SECONDS),
        )

    async def initiate_fiat_to_crypto(self, order: PaymentOrder) -> PaymentOpened | Setback:
        interruption = self._interrupted("initiate")
        if interruption is not None and not interruption.executed:
            return interruption.setback
        if order.developer_fee and not self.keeps_developer_fee:
            return Declined(code="PRV_UNSUPPORTED", reason="keeps no fee for us")
        opened = self._opened.get(order.key) or self._open(order)
        return opened if interruption is None else interruption.setback

    async def find_payment(self, order: PaymentOrder) -> PaymentOpened | Setback | None:
        if (interruption := self._interrupted("find")) is not None:
            return interruption.setback
        return self._opened.get(order.key)

    async def check_payment_status(self, reference: str) -> PaymentStatus | Setback:
        if (interruption := self._interrupted("status")) is not None:
            return interruption.setback
        return self._statuses.get(reference) or _unknown()

    async def cancel_payment(self, reference: str, *, key: str) -> PaymentStatus | Setback:  # noqa: ARG002 - by the reference alone a repeat is recognised
        interruption = self._interrupted("cancel")
        if interruption is not None and not interruption.executed:
            return interruption.setback
        status = self._statuses.get(reference)
        if status is None:
            return _unknown()
        if status.state not in _OVER:
            if not self._cancels:
                return Declined(code="PRV_UNSUPPORTED", reason="cannot be cancelled")
            unpaid = status.state is PaymentState.AWAITING_USER
            state = PaymentState.CANCELLED if unpaid else PaymentState.REFUNDING
            status = self._changed(reference, state=state)
        return status if interruption is None else interruption.setback

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Webhook:
        header = headers.get(SIGNATURE_HEADER)
        if not header:
            raise WebhookRefused("SIGNATURE_MISSING")
        timestamp, _, signature = header.partition(".")
        if not hmac.compare_digest(self._signature(timestamp, body), signature):
            raise WebhookRefused("SIGNATURE_WRONG")
        if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            raise WebhookRefused("STALE")
        try:
            note = msgspec.json.decode(body, type=Note)
        except msgspec.MsgspecError:
            digest = hashlib.sha256(body).hexdigest()
            return Webhook(message_id=digest, reference=None, event="")
        occurred_at = datetime.fromtimestamp(int(timestamp), UTC)
        return Webhook(
            message_id=note.id,
            reference=note.reference,
            event="payment.updated",
            occurred_at=occurred_at,
        )

    # -------------------------------------------------------------- what the owner does

    def interrupt(self, operation: Operation, setback: Setback, *, executed: bool = False) -> None:
        """The next such call is answered so."""
        self._interruptions[operation].append(Interruption(setback, executed))

    def pay(self, reference: str) -> PaymentStatus:
        """The user has paid."""
        return self._changed(reference, state=PaymentState.PAID)

    def deliver(
        self, reference: str, *, amount: int | None = None, transaction_hash: str | None = None
    ) -> PaymentStatus:
        """`amount` where it is another than was promised."""
        order = self._orders[reference]
        made_up = hashlib.sha256(reference.encode()).hexdigest()
        return self._changed(
            reference,
            state=PaymentState.DELIVERED,
            asset_amount=order.quote.asset_amount if amount is None else amount,
            transaction_hash=transaction_hash or made_up,
        )

    def fail(self, reference: str, failure: str = "declined") -> PaymentStatus:
        return self._changed(reference, state=PaymentState.FAILED, failure=failure)

    def expire(self, reference: str) -> PaymentStatus:
        return self._changed(reference, state=PaymentState.EXPIRED)

    def refund(self, reference: str) -> PaymentStatus:
        """The money is back with the user."""
        return self._changed(reference, state=PaymentState.REFUNDED)

    def say(self, reference: str, provider_status: str) -> PaymentStatus:
        """A status that nobody knows."""
        return self._changed(
            reference, state=PaymentState.UNRECOGNISED, provider_status=provider_status
        )

    def message(self, reference: str) -> tuple[dict[str, str], bytes]:
        """A new message about a payment: its headers and its body."""
        self._messages_sent += 1
        body = msgspec.json.encode(Note(f"message-{self._messages_sent}", reference))
        return self.sign(body, self._clock()), body

    def sign(self, body: bytes, at: datetime) -> dict[str, str]:
        timestamp = str(int(at.timestamp()))
        return {SIGNATURE_HEADER: f"{timestamp}.{self._signature(timestamp, body)}"}

    # -------------------------------------------------------------- inside

    def _open(self, order: PaymentOrder) -> PaymentOpened:
        number = len(self._opened) + 1
        reference, request = f"{self.name}-{number}", order.quote.request
        opened = PaymentOpened(
            reference=reference,
            redirect_url=f"https://{self.name}.test/pay/{number}",
            expires_at=None,
        )
        self._opened[order.key] = opened
        self._orders[reference] = order
        self._statuses[reference] = PaymentStatus(
            reference=reference,
            state=PaymentState.AWAITING_USER,
            provider_status=PaymentState.AWAITING_USER.value,
            fiat_amount=request.fiat_amount,
            fiat_currency=request.fiat_currency,
            asset=request.asset.symbol,
            asset_amount=order.quote.asset_amount,
            address=request.address,
            updated_at=self._clock(),
        )
        return opened

    def _changed(
        self,
        reference: str,
        *,
        state: PaymentState,
        provider_status: str | None = None,
        asset_amount: int | None = None,
        transaction_hash: str | None = None,
        failure: str | None = None,
    ) -> PaymentStatus:
        status = self._statuses[reference]
        changed = replace(
            status,
            state=state,
            provider_status=provider_status or state.value,
            asset_amount=status.asset_amount if asset_amount is None else asset_amount,
            transaction_hash=transaction_hash or status.transaction_hash,
            failure=failure or status.failure,
            updated_at=self._clock(),
        )
        self._statuses[reference] = changed
        return changed

    def _interrupted(self, operation: Operation) -> Interruption | None:
        waiting = self._interruptions[operation]
        return waiting.popleft() if waiting else None

    def _signature(self, timestamp: str, body: bytes) -> str:
        signed = f"{timestamp}.".encode() + body
        return hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()


def _unknown() -> Declined:
    return Declined(code="PRV_NOT_FOUND", reason="there is no such payment")
