"""Who is asked for a payment, in whatever flow: the best offer first, the next where one fails."""

from typing import Final

from domain.contracts.choice_events import UserChoiceExpired, UserChoiceMade
from domain.contracts.deposit_events import (
    ExpectedCreditReserved,
    FiatPaymentFailed,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentMethodUpdated,
    PaymentMethodUpdateRefused,
    PaymentMethodUpdateRequested,
    PaymentOffer,
    ProviderAttemptFailed,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.payments import Payment, payment_in
from domain.contracts.terms_events import PaymentRequoted
from domain.provider.choices import withdraw_choice
from domain.provider.confirmations import CONFIRM_SLIPPAGE
from domain.provider.effects import EffectKind, request_effect
from domain.provider.pay_pages import withdraw_page
from domain.provider.payment_choices import (
    failed_by,
    give_up,
    given_up,
    is_under_way,
    on_choice,
    on_choice_expired,
    on_update_refused,
)
from domain.provider.requotes import (
    ask_for_less,
    is_less,
    may_requote,
    on_answer,
    on_silence,
    requote,
)
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def choose(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return select(stream, facts)


def select(stream: Stream, facts: Facts) -> Decision:
    """The best offer that has not failed and still stands; where they have all expired, others are
    asked for; where all have failed, its user says how else to pay. For much less than was shown they
    are asked too. Nobody is asked for what its user has given up."""
    if stream.has(CancellationRequested):
        return _given_up(stream, facts)
    payment = payment_in(stream)
    failed = failed_by(stream)
    left = [
        offer
        for offer in payment.offers
        if offer.provider not in failed and offer.expires_at > facts.now
    ]
    if not left and may_requote(stream) and any(o.provider not in failed for o in payment.offers):
        return requote(stream, facts)
    if not left:
        last = stream.latest(ProviderAttemptFailed)
        code, reason = (
            (last.code, last.reason) if last else ("PRV_QUOTE_EXPIRED", "every quote has expired")
        )
        return give_up(stream, code, reason, facts)
    if is_less(stream, left[0], facts):
        return ask_for_less(stream, left[0], facts)
    return _requested(stream, payment, left[0], facts)


def on_cancellation(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Before anything is expected, who decides on that hears of it. What may be paid already ends by
    its provider's word."""
    if not stream.has(ExpectedCreditReserved):
        return NOTHING
    if is_under_way(stream) and not stream.has(FiatPaymentFailed):
        return withdraw_page(stream, facts)
    return _given_up(stream, facts)


def _given_up(stream: Stream, facts: Facts) -> Decision:
    """It has failed, once, and its user is asked nothing any more. While compliance looks at another
    way to pay it is heard of when that is known."""
    if stream.has(FiatPaymentFailed) or is_under_way(stream) or _is_method_assessed(stream):
        return NOTHING
    return withdraw_choice(stream, facts) + given_up(stream)


def _is_method_assessed(stream: Stream) -> bool:
    answers = stream.count(PaymentMethodUpdated) + stream.count(PaymentMethodUpdateRefused)
    return stream.count(PaymentMethodUpdateRequested) > answers


def on_any_refused_update(stream: Stream, event: Event, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return _given_up(stream, facts)
    return on_update_refused(stream, event, facts)


def on_any_choice(stream: Stream, event: Event, facts: Facts) -> Decision:
    made = event.data
    if isinstance(made, UserChoiceMade) and made.action == CONFIRM_SLIPPAGE:
        return on_answer(stream, made, facts)
    return on_choice(stream, event, facts)


def on_any_silence(stream: Stream, event: Event, facts: Facts) -> Decision:
    return on_silence(stream, event, facts) + on_choice_expired(stream, event, facts)


def _requested(stream: Stream, payment: Payment, offer: PaymentOffer, facts: Facts) -> Decision:
    attempt = stream.count(OnRampProviderSelected) + 1
    opening = request_effect(
        stream.id,
        EffectKind.ONRAMP_OPEN,
        attempt,
        request={"provider": offer.provider},
        due_at=facts.now,
    )
    return Decision(
        events=(
            OnRampProviderSelected(
                provider=offer.provider,
                explanation=_explanation(payment, offer),
                policy_version=facts.figures.policy_version,
            ),
            FiatPaymentRequested(
                provider=offer.provider,
                effect_id=opening.id,
                fiat_amount=payment.fiat_amount,
                fiat_currency=payment.fiat_currency,
            ),
        ),
        effects_requested=(opening,),
    )


def _explanation(payment: Payment, chosen: PaymentOffer) -> str:
    """Every candidate with what it would deliver and its score, every rejection with its reason."""
    offers = [
        f"{offer.provider}: {AssetAmount.of(offer.asset_amount, payment.asset)}, "
        f"score {offer.score / 10_000:.1f} of 100"
        for offer in payment.offers
    ]
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in payment.rejected]
    return f"chosen {chosen.provider}; " + "; ".join((*offers, *rejections))


REACTIONS: Final[dict[type[EventPayload], Reaction]] = {
    ProviderAttemptFailed: choose,
    PaymentMethodUpdated: choose,
    PaymentMethodUpdateRefused: on_any_refused_update,
    PaymentRequoted: choose,
    CancellationRequested: on_cancellation,
    UserChoiceMade: on_any_choice,
    UserChoiceExpired: on_any_silence,
}
"""Of every flow that is a payment, beside what it asks for it at first."""
