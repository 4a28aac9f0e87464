"""A payment that would bring less than its user was shown: because its offers expired before anybody
was asked for it, as where a person approved first, or because who takes over offers less. Expired
offers are made anew; its user says whether less will do. It never goes on silently.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.contracts.choice_events import UserChoiceExpired, UserChoiceMade
from domain.contracts.deposit_events import (
    FiatPaymentFailed,
    PaymentMethodUpdateRequested,
    PaymentOffer,
    RejectedOffer,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.payments import payment_in, payment_of
from domain.contracts.terms_events import (
    PaymentRequoted,
    PaymentRequoteRequested,
    PaymentTermsWorsened,
)
from domain.provider.confirmations import CONFIRM_SLIPPAGE, ask_to_confirm, is_agreed
from domain.provider.effects import Claimed, EffectKind, request_effect
from domain.provider.payment_choices import failed_by, give_up
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount, share_rounded_down
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState

REQUOTES_MAX: Final = 10
"""So often offers are asked for anew: each time but the first, its user has said that it may."""
RETRY: Final = timedelta(seconds=10)
PATIENCE: Final = timedelta(minutes=10)
"""So long it is tried again where nobody offers anything."""
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Requoted:
    """What providers offer for the payment now, the best first."""

    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]


def may_requote(stream: Stream) -> bool:
    """Whether offers may be asked for once more."""
    return stream.count(PaymentRequoteRequested) < REQUOTES_MAX


def requote(stream: Stream, facts: Facts) -> Decision:
    """Asks all providers anew."""
    asked = request_effect(
        stream.id,
        EffectKind.ONRAMP_QUOTE,
        stream.count(PaymentRequoteRequested) + 1,
        request={},
        due_at=facts.now,
    )
    return Decision(
        events=(PaymentRequoteRequested(effect_id=asked.id),), effects_requested=(asked,)
    )


def on_requoted(stream: Stream, effect: Claimed, told: Requoted, facts: Facts) -> Decision:
    """What is offered now is told; whether it will do is said where one of them is taken."""
    if stream.has(CancellationRequested):
        done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
        return Decision(effects_moved=(done,))
    failed = failed_by(stream)
    if all(each.provider in failed for each in told.offers):
        return _nobody_offers(stream, effect, told, facts)
    return Decision(
        events=(PaymentRequoted(offers=told.offers, rejected=told.rejected),),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch),),
    )


def asked_again(
    stream: Stream, effect: Claimed, requested: type[EventPayload], facts: Facts
) -> Decision | None:
    """Nobody offers anything: they are asked once more; None where that was tried for long enough."""
    asked_at = next(
        event.occurred_at for event in reversed(stream.events) if isinstance(event.data, requested)
    )
    if facts.now >= asked_at + PATIENCE:
        return None
    again = EffectMoved(
        id=effect.id, state=EffectState.INTENT, epoch=effect.epoch, due_at=facts.now + RETRY
    )
    return Decision(effects_moved=(again,))


def is_less(stream: Stream, offer: PaymentOffer, facts: Facts) -> bool:
    """Whether it is so much less than what was shown that the user has to say yes to it."""
    kept = MILLION - facts.figures.payment_slippage_millionths
    return offer.asset_amount < share_rounded_down(_expected(stream), millionths=kept)


def ask_for_less(stream: Stream, offer: PaymentOffer, facts: Facts) -> Decision:
    """Shows what was expected, and what is offered now."""
    expected = _expected(stream)
    worsened = PaymentTermsWorsened(
        provider=offer.provider, asset=offer.asset, expected=expected, offered=offer.asset_amount
    )
    offered = AssetAmount.of(offer.asset_amount, offer.asset)
    asked = ask_to_confirm(
        stream,
        facts,
        action=CONFIRM_SLIPPAGE,
        summary=f"The price has moved: {offer.provider} would bring about {offered}, where "
        f"{AssetAmount.of(expected, offer.asset)} was shown",
        accept=f"Go on for about {offered}",
    )
    return Decision(events=(worsened,)) + asked


def on_answer(stream: Stream, made: UserChoiceMade, facts: Facts) -> Decision:
    """By then what was shown may have expired too: it is asked for anew, and held against that."""
    if is_agreed(made, CONFIRM_SLIPPAGE):
        return requote(stream, facts)
    return _failed(stream, "TXN_TERMS_REJECTED", "the user said no to the new terms")


def on_silence(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    expired = stream.known(UserChoiceExpired)
    if expired.action != CONFIRM_SLIPPAGE:
        return NOTHING
    return _failed(stream, "TXN_TERMS_UNANSWERED", "the new terms were not answered in time")


def _expected(stream: Stream) -> int:
    """What the user was shown last, or has agreed to since."""
    said_yes = False
    for event in reversed(stream.events):
        match event.data:
            case UserChoiceMade() as made:
                said_yes = said_yes or is_agreed(made, CONFIRM_SLIPPAGE)
            case PaymentTermsWorsened(offered=offered) if said_yes:
                return offered
            case PaymentMethodUpdateRequested(offers=offers):
                return offers[0].asset_amount
            case _:
                continue
    return payment_of(stream.events[0].data).offers[0].asset_amount


def _nobody_offers(stream: Stream, effect: Claimed, told: Requoted, facts: Facts) -> Decision:
    again = asked_again(stream, effect, PaymentRequoteRequested, facts)
    if again is not None:
        return again
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    reasons = "; ".join(f"{each.provider}: {each.reason}" for each in told.rejected)
    return give_up(stream, "PRV_NONE_AVAILABLE", reasons, facts) + Decision(effects_moved=(done,))


def _failed(stream: Stream, code: str, reason: str) -> Decision:
    failed = FiatPaymentFailed(
        provider="",
        code=code,
        reason=reason,
        fiat_currency=payment_in(stream).fiat_currency,
        refunded=0,
    )
    return Decision(events=(failed,))
