"""The provider context picks the on-ramp of a Deposit and asks it for the payment."""

from domain.contracts.deposit_events import (
    DepositTransactionInitiated,
    ExpectedCreditReserved,
    FiatPaymentFailed,
    FiatPaymentRequested,
    OnRampProviderSelected,
    PaymentMethodValidated,
    PaymentOffer,
    ProviderAttemptFailed,
)
from domain.contracts.envelope import Event, EventPayload
from domain.provider.effects import EffectKind, request_effect
from domain.shared.decision import Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream


def on_credit_reserved(stream: Stream, _event: Event, facts: Facts) -> Decision:
    method = stream.known(DepositTransactionInitiated).payment_method
    validated = PaymentMethodValidated(payment_method=method)
    return Decision(events=(validated,)) + select(stream, facts)


def on_attempt_failed(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return select(stream, facts)


def select(stream: Stream, facts: Facts) -> Decision:
    """The best offer that has not failed and still stands; without one the payment has failed."""
    deposit = stream.known(DepositTransactionInitiated)
    failed = {
        event.data.provider
        for event in stream.events
        if isinstance(event.data, ProviderAttemptFailed)
    }
    left = [
        offer
        for offer in deposit.offers
        if offer.provider not in failed and offer.expires_at > facts.now
    ]
    if not left:
        last = stream.latest(ProviderAttemptFailed)
        failure = FiatPaymentFailed(
            provider=last.provider if last else "",
            code=last.code if last else "PRV_QUOTE_EXPIRED",
            reason=last.reason if last else "every quote has expired",
            fiat_currency=deposit.fiat_currency,
            refunded=0,
        )
        return Decision(events=(failure,))
    return _requested(stream, deposit, left[0], facts)


def _requested(
    stream: Stream, deposit: DepositTransactionInitiated, offer: PaymentOffer, facts: Facts
) -> Decision:
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
                explanation=_explanation(deposit, offer),
                policy_version=facts.figures.policy_version,
            ),
            FiatPaymentRequested(
                provider=offer.provider,
                effect_id=opening.id,
                fiat_amount=deposit.fiat_amount,
                fiat_currency=deposit.fiat_currency,
            ),
        ),
        effects_requested=(opening,),
    )


def _explanation(deposit: DepositTransactionInitiated, chosen: PaymentOffer) -> str:
    """Every candidate with what it would deliver and its score, every rejection with its reason."""
    offers = [
        f"{offer.provider}: {AssetAmount.of(offer.asset_amount, deposit.asset)}, "
        f"score {offer.score / 10_000:.1f} of 100"
        for offer in deposit.offers
    ]
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in deposit.rejected]
    return f"chosen {chosen.provider}; " + "; ".join((*offers, *rejections))


REACTIONS: dict[type[EventPayload], Reaction] = {
    ExpectedCreditReserved: on_credit_reserved,
    ProviderAttemptFailed: on_attempt_failed,
}
