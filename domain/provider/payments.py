"""What the provider context decides when an on-ramp's answer is known.

Unknown is never failed: only the provider's own word ends a payment that may have been made.
"""

from dataclasses import dataclass
from typing import assert_never

from domain.contracts.buy_events import DirectAssetPurchaseCompleted, DirectAssetPurchaseRequested
from domain.contracts.deposit_events import (
    DeliverySeen,
    FiatPaymentBegun,
    FiatPaymentConfirmed,
    FiatPaymentDeclined,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    FiatPaymentTryFailed,
    OnRampProviderSelected,
    PurchaseCompleted,
    PurchaseRequested,
    USDCConversionCompleted,
    USDCConversionRequested,
    WrongAssetDelivered,
)
from domain.contracts.envelope import EventPayload
from domain.contracts.events import CancellationRequested, UserActionRequired
from domain.contracts.flows import FlowName
from domain.contracts.payments import Payment, payment_in
from domain.provider.choices import withdraw_choice
from domain.provider.effects import (
    Claimed,
    EffectKind,
    Unknown,
    ask_user,
    payment_action_id,
    request_effect,
)
from domain.provider.oddities import oddities, paid_amount
from domain.provider.pay_pages import page_closed, page_over, page_paid
from domain.provider.payment_choices import (
    decline,
    given_up,
    is_begun,
    may_repeat,
    offer_time,
)
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
from domain.provider.ramps import Mismatch, Ramp, ended_meanwhile, for_a_person, still_waiting
from domain.shared.accounts import conversion, fiat, provider
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import EffectState, Posting

ACTION = "COMPLETE_PAYMENT"


def on_payment_opened(
    stream: Stream, effect: Claimed, outcome: OpenOutcome, facts: Facts
) -> Decision:
    """The payment is open, or another provider is asked, or it is found out."""
    if ended := ended_meanwhile(stream, effect):
        return ended
    if isinstance(outcome, Opened):
        return _opened(stream, effect, outcome, facts)
    return RAMP.not_opened(stream, effect, outcome, facts)


def on_payment_checked(
    stream: Stream, effect: Claimed, outcome: CheckOutcome, facts: Facts
) -> Decision:
    """What the provider, and for a delivery the chain, says of the payment now."""
    return ended_meanwhile(stream, effect) or _checked(stream, effect, outcome, facts)


def _checked(stream: Stream, effect: Claimed, outcome: CheckOutcome, facts: Facts) -> Decision:
    match outcome:
        case Waiting(due_at=due_at, awaits_user=awaits_user):
            news = _news(stream, effect, outcome, facts)
            if awaits_user and stream.has(CancellationRequested):
                # It was looked at before its user gave it up.
                due_at = facts.now
            return still_waiting(effect, due_at, news=news)
        case Delivered():
            paid = _confirmed(stream, effect, outcome.told, facts)
            odd = _odd(stream, outcome, facts)
            return paid + odd + _delivered(stream, effect, outcome, facts)
        case Ended(refunded=False, due_at=due_at) if stream.has(FiatPaymentConfirmed):
            # It had the money: it ends when that is given back, or turned into what was bought.
            kept = Mismatch(reason=f"paid, and not to be delivered: {outcome.code}", due_at=due_at)
            return RAMP.unclear(stream, effect, kept, "check")
        case Ended():
            return _ended(stream, effect, outcome, facts)
        case WrongDelivery(instead=instead):
            told = Decision(events=_wrong_delivery(stream, effect, instead))
            return told + RAMP.unclear(stream, effect, outcome, "check")
        case Mismatch() | Unknown():
            return RAMP.unclear(stream, effect, outcome, "check")
        case _:
            assert_never(outcome)


def _news(stream: Stream, effect: Claimed, waiting: Waiting, facts: Facts) -> Decision:
    is_paid = stream.has(FiatPaymentConfirmed)
    news = NOTHING
    if waiting.paid:
        news = _confirmed(stream, effect, waiting.told, facts) + _odd(stream, waiting, facts)
    elif waiting.awaits_user and not is_paid:
        news = _try_failed(stream, waiting) + offer_time(stream, facts)
    elif waiting.is_begun and not (is_paid or is_begun(stream)):
        news = Decision(events=(FiatPaymentBegun(provider=_provider(stream)),))
    if not waiting.paid:
        news = page_closed(stream, facts) + news
    if waiting.overdue is not None:
        news += for_a_person(stream, waiting.overdue)
    return news


def _try_failed(stream: Stream, waiting: Waiting) -> Decision:
    if not (waiting.try_failed and is_begun(stream)):
        return NOTHING
    return Decision(events=(FiatPaymentTryFailed(provider=_provider(stream)),))


def _opened(stream: Stream, effect: Claimed, opened: Opened, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        # Nobody was told where to pay.
        return given_up(stream) + RAMP.concluded(
            stream, effect, facts, "open", outcome="GIVEN_UP", events=()
        )
    payment = _payment(stream)
    action = payment_action_id(stream.id, effect.attempt)
    amount = AssetAmount.of(payment.fiat_amount, payment.fiat_currency)
    required = UserActionRequired(
        action_id=action,
        action=ACTION,
        payload=opened.redirect_url,
        summary=f"Pay {amount} with {_provider(stream)}",
        expires_at=opened.expires_at,
    )
    check = request_effect(
        stream.id,
        EffectKind.ONRAMP_CHECK,
        effect.attempt,
        request={"provider": _provider(stream), "reference": opened.reference},
        due_at=opened.due_at,
    )
    said = {"reference": opened.reference}
    return (
        ask_user(required, attempt=effect.attempt, at=facts.now)
        + Decision(effects_requested=(check,))
        + RAMP.concluded(stream, effect, facts, "open", outcome="DONE", events=(), said=said)
    )


def _odd(stream: Stream, seen: Waiting | Delivered, facts: Facts) -> Decision:
    """What of it does not fit is for a person."""
    found = oddities(stream, seen, facts)
    return sum((for_a_person(stream, reason) for reason in found), start=NOTHING)


def _confirmed(stream: Stream, effect: Claimed, told: Told, facts: Facts) -> Decision:
    """The provider has the money: told once."""
    if stream.has(FiatPaymentConfirmed):
        return NOTHING
    payment = _payment(stream)
    name, currency = _provider(stream), payment.fiat_currency
    paid = paid_amount(payment, told)
    reference = effect.reference
    asked_no_more = withdraw_choice(stream, facts) + page_paid(stream, facts)
    return asked_no_more + Decision(
        events=(
            FiatPaymentConfirmed(
                provider=name, reference=reference, fiat_amount=paid, fiat_currency=currency
            ),
            _names(stream).requested(provider=name, reference=reference),
        ),
        postings=(
            Posting(account=fiat(currency), posted=-paid),
            Posting(account=provider(name, currency), posted=paid),
        ),
        interactions=(RAMP.interaction(stream, effect, facts, "pay", outcome="PAID", said={}),),
    )


def _delivered(stream: Stream, effect: Claimed, seen: Delivered, facts: Facts) -> Decision:
    payment, confirmed = _payment(stream), stream.latest(FiatPaymentConfirmed)
    name, currency = _provider(stream), payment.fiat_currency
    paid = confirmed.fiat_amount if confirmed else paid_amount(payment, seen.told)
    booked = Decision(
        postings=(
            Posting(account=provider(name, currency), posted=-paid),
            Posting(account=conversion(currency), posted=paid),
            Posting(account=conversion(seen.asset), posted=-seen.amount),
            Posting(account=provider(name, seen.asset), posted=seen.amount),
        )
    )
    completed = _as_seen(_names(stream).completed, stream, effect, seen)
    said = {"transaction": seen.transaction_hash}
    return booked + RAMP.concluded(
        stream, effect, facts, "deliver", outcome="DONE", events=(completed,), said=said
    )


def _ended(stream: Stream, effect: Claimed, ended: Ended, facts: Facts) -> Decision:
    """Nothing was paid, or what was is given back."""
    closed = (
        withdraw_choice(stream, facts)
        + page_over(stream, facts)
        + RAMP.concluded(
            stream,
            effect,
            facts,
            "pay",
            outcome="ENDED",
            events=(),
            state=EffectState.DECLINED,
            said={"reason": ended.reason},
        )
    )
    if ended.is_dead and not ended.refunded and may_repeat(stream, ended.code):
        declined = FiatPaymentDeclined(
            provider=_provider(stream), code=ended.code, reason=ended.reason
        )
        return closed + decline(stream, declined, facts, attempt=effect.attempt)
    return closed + _failed(stream, ended)


def _failed(stream: Stream, ended: Ended) -> Decision:
    """What was paid is given back, by the provider's word alone."""
    payment, confirmed = _payment(stream), stream.latest(FiatPaymentConfirmed)
    name, currency = _provider(stream), payment.fiat_currency
    paid = confirmed.fiat_amount if confirmed else 0
    failed = FiatPaymentFailed(
        provider=name,
        code=ended.code,
        reason=ended.reason,
        fiat_currency=currency,
        refunded=paid or (payment.fiat_amount if ended.refunded else 0),
    )
    refunds: tuple[EventPayload, ...] = ()
    if failed.refunded:
        refunds = (
            FiatPaymentRefunded(provider=name, fiat_amount=failed.refunded, fiat_currency=currency),
        )
    return Decision(
        events=(failed, *refunds),
        postings=(
            Posting(account=provider(name, currency), posted=-paid),
            Posting(account=fiat(currency), posted=paid),
        )
        if paid
        else (),
    )


def _wrong_delivery(stream: Stream, effect: Claimed, seen: Delivered) -> tuple[EventPayload, ...]:
    """Told once for each transaction."""
    told = {
        event.data.transaction_hash
        for event in stream.events
        if isinstance(event.data, WrongAssetDelivered)
    }
    if seen.transaction_hash in told:
        return ()
    return (_as_seen(WrongAssetDelivered, stream, effect, seen),)


def _as_seen(
    kind: type[DeliverySeen], stream: Stream, effect: Claimed, seen: Delivered
) -> DeliverySeen:
    return kind(
        provider=_provider(stream),
        reference=effect.reference,
        asset=seen.asset,
        amount=seen.amount,
        transaction_hash=seen.transaction_hash,
        instruction=seen.instruction,
        account=seen.account,
        senders=seen.senders,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a flow calls the purchase."""

    requested: type[PurchaseRequested]
    completed: type[PurchaseCompleted]


DEPOSIT = Names(requested=USDCConversionRequested, completed=USDCConversionCompleted)
BUY = Names(requested=DirectAssetPurchaseRequested, completed=DirectAssetPurchaseCompleted)


def _names(stream: Stream) -> Names:
    return BUY if stream.flow is FlowName.BUY_WITH_PAYMENT else DEPOSIT


def _payment(stream: Stream) -> Payment:
    return payment_in(stream)


def _provider(stream: Stream) -> str:
    return stream.known(OnRampProviderSelected).provider


RAMP = Ramp(selected=OnRampProviderSelected, provider=_provider)
