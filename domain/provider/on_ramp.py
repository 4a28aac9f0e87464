"""Who is asked for a payment, in whatever flow: the best offer first, the next where one fails."""

from typing import Final

from domain.contracts.choice_events import UserChoiceExpired, UserChoiceMade
from domain.contracts.deposit_events import (
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
from domain.contracts.payments import Payment, payment_in
from domain.provider.effects import EffectKind, request_effect
from domain.provider.payment_choices import on_choice, on_choice_expired, on_update_refused
from domain.shared.decision import Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def choose(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return select(stream, facts)


def select(stream: Stream, facts: Facts) -> Decision:
    """The best offer that has not failed and still stands; without one the payment has failed."""
    payment = payment_in(stream)
    failed = _failed(stream)
    left = [
        offer
        for offer in payment.offers
        if offer.provider not in failed and offer.expires_at > facts.now
    ]
    if not left:
        last = stream.latest(ProviderAttemptFailed)
        failure = FiatPaymentFailed(
            provider=last.provider if last else "",
            code=last.code if last else "PRV_QUOTE_EXPIRED",
            reason=last.reason if last else "every quote has expired",
            fiat_currency=payment.fiat_currency,
            refunded=0,
        )
        return Decision(events=(failure,))
    return _requested(stream, payment, left[0], facts)


def _failed(stream: Stream) -> set[str]:
    """Who could not do it, since the user last said how to pay."""
    found: set[str] = set()
    for event in reversed(stream.events):
        if isinstance(event.data, PaymentMethodUpdateRequested):
            break
        if isinstance(event.data, ProviderAttemptFailed):
            found.add(event.data.provider)
    return found


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
    PaymentMethodUpdateRefused: on_update_refused,
    UserChoiceMade: on_choice,
    UserChoiceExpired: on_choice_expired,
}
"""Of every flow that is a payment, beside what it asks for it at first."""
