"""A payment's calls to on-ramps: from an effect's request to an outcome that the domain knows.

A provider's word about a delivery is a claim: what counts is what the chain shows, finally, on the
user's own address.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.contracts.deposit_events import (
    FiatPaymentConfirmed,
    FiatPaymentRequested,
    OnRampProviderSelected,
)
from domain.contracts.events import CancellationRequested
from domain.contracts.payments import payment_in
from domain.provider.effects import EffectKind
from domain.provider.oddities import oddities
from domain.provider.payment_choices import GIVEN_UP, closes_by_itself, is_begun, open_until
from domain.provider.payment_outcomes import (
    CheckOutcome,
    Delivered,
    Ended,
    Opened,
    OpenOutcome,
    Told,
    Waiting,
    WrongDelivery,
)
from domain.provider.payments import on_payment_checked, on_payment_opened
from domain.provider.ports import answers
from domain.provider.ports.onramp import (
    OnRampProvider,
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentMethod,
    PaymentOpened,
    PaymentOrder,
    PaymentState,
    PaymentStatus,
)
from domain.shared.assets import ASSETS
from domain.shared.ids import derived
from domain.shared.stream import Stream
from infrastructure.sagas.arrivals import Arrivals, Astray
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler, SagaEngine
from infrastructure.sagas.ramps import (
    LOOK_SECONDS_MIN,
    Standing,
    begun,
    last_at,
    look_at,
    mismatch,
    overdue,
)

logger = logging.getLogger(__name__)

PAYING_SECONDS: Final = 3600.0
"""Who began to pay just before the page closed may take so long to be heard of."""

UNHEARD_DAYS_MAX: Final = 7
"""Whatever a provider says of a payment that somebody has begun to make, or does not say: after so
long a person looks."""
PAID_DAYS_MAX: Final = 5
"""A bank's payment settles in three business days; most are delivered within minutes."""
UNNAMED_DAYS_MAX: Final = 1
"""What was delivered is on its chain by then, and its transaction known."""

_PAID: Final = frozenset({PaymentState.PAID, PaymentState.DELIVERED})
_BEGUN: Final = frozenset(
    {PaymentState.PROCESSING, PaymentState.REFUNDING, PaymentState.UNRECOGNISED}
)
_ENDED: Final[Mapping[PaymentState, str]] = {
    PaymentState.FAILED: "PAY_FAILED",
    PaymentState.CANCELLED: "PAY_CANCELLED",
    PaymentState.EXPIRED: "PAY_EXPIRED",
    PaymentState.REFUNDED: "PAY_REFUNDED",
}


class PaymentEffects:
    """Calls the on-ramps that this process knows, by name."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        providers: Mapping[str, OnRampProvider],
        arrivals: Arrivals,
        standing: Standing,
    ) -> None:
        self._engine = engine
        self._providers = providers
        self._arrivals = arrivals
        self._standing = standing

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.ONRAMP_OPEN: self._open, EffectKind.ONRAMP_CHECK: self._check}

    async def _open(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._opened(effect, stream)
        return lambda known, facts: on_payment_opened(known, effect.fence, outcome, facts)

    async def _check(self, effect: EffectInHand, stream: Stream) -> Handler:
        outcome = await self._checked(effect, stream)
        return lambda known, facts: on_payment_checked(known, effect.fence, outcome, facts)

    async def _opened(self, effect: EffectInHand, stream: Stream) -> OpenOutcome:
        now = self._engine.clock()
        answer = await begun(
            effect,
            self._providers.get(str(effect.request["provider"])),
            payment_order(stream, key=effect.key),
            standing=self._standing,
            begin=lambda provider, order: provider.initiate_fiat_to_crypto(order),
            find=lambda provider, order: provider.find_payment(order),
            now=now,
        )
        if not isinstance(answer, PaymentOpened):
            return answer
        return Opened(
            reference=answer.reference,
            redirect_url=answer.redirect_url,
            expires_at=answer.expires_at,
            due_at=now + timedelta(seconds=LOOK_SECONDS_MIN),
        )

    async def _checked(self, effect: EffectInHand, stream: Stream) -> CheckOutcome:
        outcome = await self._looked_at(effect, stream)
        if isinstance(outcome, Waiting | Delivered):
            for reason in oddities(stream, outcome, self._engine.facts()):
                logger.error("payment %s needs a person to look: %s", stream.id, reason)
        if not isinstance(outcome, Waiting) or outcome.awaits_user:
            return outcome
        now, paid_at = self._engine.clock(), last_at(stream, FiatPaymentConfirmed)
        if paid_at is not None:
            late = overdue("paid, and not delivered", since=paid_at, days=PAID_DAYS_MAX, now=now)
        else:
            asked_at = _asked_at(stream)
            late = overdue("not heard of", since=asked_at, days=UNHEARD_DAYS_MAX, now=now)
        outcome = replace(outcome, overdue=outcome.overdue or late)
        if outcome.overdue is not None:
            logger.error("payment %s waits for a person: %s", stream.id, outcome.overdue)
        return outcome

    async def _looked_at(self, effect: EffectInHand, stream: Stream) -> CheckOutcome:
        now = self._engine.clock()
        again = self._look_at(stream, now)
        provider = self._providers.get(str(effect.request["provider"]))
        if provider is None:
            logger.error(
                "a payment waits for %s, which is not configured", effect.request["provider"]
            )
            return Waiting(due_at=again, paid=False)
        status = await _status(provider, effect, stream)
        if not isinstance(status, PaymentStatus):
            logger.info("%s cannot tell of a payment: %s", provider.name, status.reason)
            return Waiting(due_at=again, paid=False)
        is_paid, is_over = stream.has(FiatPaymentConfirmed), self._is_over(stream, now)
        may_be_retried = status.may_be_retried and not is_paid
        if status.state in _ENDED and (is_over or not may_be_retried):
            return Ended(
                code=_code(stream, status.state),
                reason=status.failure or status.provider_status,
                refunded=status.state is PaymentState.REFUNDED,
                due_at=again,
                is_dead=not may_be_retried or closes_by_itself(stream),
            )
        if status.state is PaymentState.DELIVERED and status.transaction_hash is not None:
            return await self._delivered(stream, status, status.transaction_hash, again)
        # Who has begun to pay may have paid, however little the provider says of it now.
        is_untouched = status.state is PaymentState.AWAITING_USER and not is_begun(stream)
        awaits_user = (is_untouched or may_be_retried) and not is_paid
        if awaits_user and (is_over or stream.has(CancellationRequested)):
            # Nothing that may have moved is let go: what still comes, the chains' watchers find.
            return Ended(
                code=_code(stream, PaymentState.EXPIRED),
                reason="never paid",
                refunded=False,
                due_at=again,
                is_dead=closes_by_itself(stream),
            )
        paid = status.state in _PAID
        return Waiting(
            due_at=again,
            paid=paid,
            told=_told(status),
            awaits_user=awaits_user,
            try_failed=may_be_retried,
            is_begun=status.state in _BEGUN,
            overdue=_unnamed(stream, now) if status.state is PaymentState.DELIVERED else None,
        )

    def _look_at(self, stream: Stream, now: datetime) -> datetime:
        """As often as what it waits for is new, and when the page to pay at closes."""
        again = look_at(last_at(stream, CancellationRequested) or _asked_at(stream), now)
        closes = open_until(stream, self._engine.facts())
        return min(again, closes) if now < closes else again

    def _is_over(self, stream: Stream, now: datetime) -> bool:
        """Whether nobody comes any more."""
        closed = open_until(stream, self._engine.facts())
        return now > closed + timedelta(seconds=PAYING_SECONDS)

    async def _delivered(
        self, stream: Stream, status: PaymentStatus, transaction_hash: str, again: datetime
    ) -> CheckOutcome:
        payment = payment_in(stream)
        asset = ASSETS[payment.asset]
        found = await self._arrivals.find(asset, payment.address, transaction_hash)
        if found is None:
            # Not there, or not final yet: the provider's word alone credits nothing.
            return Waiting(due_at=again, paid=True, told=_told(status))
        if isinstance(found, Astray):
            odd, wrong = mismatch(found.reason, self._engine.clock()), _wrong(found)
            if wrong is None:
                return odd
            return WrongDelivery(reason=odd.reason, due_at=odd.due_at, instead=wrong)
        return Delivered(
            asset=asset.symbol,
            amount=found.moved.amount,
            transaction_hash=transaction_hash,
            instruction=found.moved.instruction,
            account=found.moved.account,
            senders=found.senders,
            told=_told(status),
        )


def payment_order(stream: Stream, *, key: str) -> PaymentOrder:
    """What the provider of this attempt is asked for, the same however often it is made."""
    payment = payment_in(stream)
    name = stream.known(OnRampProviderSelected).provider
    offer = payment.offer(name)
    user_id: UUID | None = stream.events[0].user_id
    return PaymentOrder(
        key=key,
        quote=OnRampQuote(
            request=OnRampQuoteRequest(
                fiat_amount=payment.fiat_amount,
                fiat_currency=payment.fiat_currency,
                asset=ASSETS[payment.asset],
                payment_method=PaymentMethod(payment.payment_method),
                country=payment.country,
                address=payment.address,
            ),
            asset_amount=offer.asset_amount,
            fees=tuple(
                answers.ProviderFee(kind=fee.kind, amount=fee.amount, asset=fee.asset)
                for fee in offer.fees
            ),
            expires_at=offer.expires_at,
            estimated_seconds=offer.estimated_seconds,
        ),
        # Not our identifier of the user, and another one at each provider.
        user_reference=derived(user_id or stream.wallet_id, "provider", name).hex,
        return_url=payment.return_url,
    )


async def _status(
    provider: OnRampProvider, effect: EffectInHand, stream: Stream
) -> PaymentStatus | answers.Setback:
    """What the provider says; it is asked to end what its user has given up and nobody has begun to
    pay, and not all of them can."""
    reference = str(effect.request["reference"])
    if stream.has(CancellationRequested) and not (
        is_begun(stream) or stream.has(FiatPaymentConfirmed)
    ):
        answer = await provider.cancel_payment(reference, key=f"{effect.key}-cancel")
        if isinstance(answer, PaymentStatus):
            return answer
    return await provider.check_payment_status(reference)


def _code(stream: Stream, ended: PaymentState) -> str:
    """Why it ended unpaid; what its user gave up did not fail."""
    is_unpaid = ended in {PaymentState.CANCELLED, PaymentState.EXPIRED}
    return GIVEN_UP if is_unpaid and stream.has(CancellationRequested) else _ENDED[ended]


def _asked_at(stream: Stream) -> datetime:
    asked_at = last_at(stream, FiatPaymentRequested)
    if asked_at is None:
        raise LookupError(f"nobody was asked for the payment of {stream.id}")
    return asked_at


def _unnamed(stream: Stream, now: datetime) -> str | None:
    """Why a person has to look where the provider never says by which transaction it delivered."""
    paid_at = last_at(stream, FiatPaymentConfirmed)
    if paid_at is None:
        return None
    what = "said to be delivered, by no transaction"
    return overdue(what, since=paid_at, days=UNNAMED_DAYS_MAX, now=now)


def _told(status: PaymentStatus) -> Told:
    return Told(
        fiat_amount=status.fiat_amount,
        fiat_currency=status.fiat_currency,
        asset=status.asset,
        address=status.address,
    )


def _wrong(astray: Astray) -> Delivered | None:
    """What it brought of another asset, where that is ours to book."""
    credit = astray.instead
    if credit is None:
        return None
    return Delivered(
        asset=credit.asset,
        amount=credit.amount,
        transaction_hash=credit.transaction_hash,
        instruction=credit.index,
        account=credit.address,
        senders=credit.senders,
    )
