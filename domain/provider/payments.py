"""What the provider context decides when an on-ramp's answer is known.

Unknown is never failed: only the provider's own word ends a payment that may have been made.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from domain.contracts.buy_events import DirectAssetPurchaseCompleted, DirectAssetPurchaseRequested
from domain.contracts.deposit_events import (
    DeliverySeen,
    FiatPaymentConfirmed,
    FiatPaymentDeclined,
    FiatPaymentFailed,
    FiatPaymentRefunded,
    OnRampProviderSelected,
    ProviderAttemptFailed,
    PurchaseCompleted,
    PurchaseRequested,
    USDCConversionCompleted,
    USDCConversionRequested,
    WrongAssetDelivered,
)
from domain.contracts.envelope import EventPayload
from domain.contracts.events import (
    OperatorRequired,
    OutcomeUnknown,
    UserActionCompleted,
    UserActionExpired,
    UserActionRequired,
)
from domain.contracts.flows import FlowName
from domain.contracts.payments import Payment, payment_in
from domain.provider.choices import withdraw_choice
from domain.provider.effects import (
    Claimed,
    Declined,
    EffectKind,
    NotAttempted,
    Unknown,
    ask_user,
    payment_action_id,
    request_effect,
)
from domain.provider.payment_choices import decline, may_repeat, offer_time
from domain.provider.payment_outcomes import (
    CheckOutcome,
    Delivered,
    Ended,
    Mismatch,
    Opened,
    OpenOutcome,
    Waiting,
)
from domain.shared.accounts import conversion, fiat, provider
from domain.shared.decision import Decision, Facts
from domain.shared.ids import derived
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import (
    ActionMoved,
    ActionStatus,
    EffectMoved,
    EffectState,
    InteractionRow,
    JsonObject,
    Posting,
    RecoveryRow,
)

ACTION = "COMPLETE_PAYMENT"


def on_payment_opened(
    stream: Stream, effect: Claimed, outcome: OpenOutcome, facts: Facts
) -> Decision:
    """The payment is open, or another provider is asked, or it is found out."""
    match outcome:
        case Opened():
            return _opened(stream, effect, outcome, facts)
        case Declined():
            return _attempt_failed(stream, effect, outcome, facts, state=EffectState.DECLINED)
        case NotAttempted(reason=reason):
            declined = Declined(code="PRV_UNAVAILABLE", reason=reason)
            return _attempt_failed(stream, effect, declined, facts, state=EffectState.NOT_ATTEMPTED)
        case Mismatch():
            return _mismatch(stream, effect, outcome)
        case Unknown():
            return _unknown(stream, effect, outcome, "open")
        case _:
            assert_never(outcome)


def on_payment_checked(
    stream: Stream, effect: Claimed, outcome: CheckOutcome, facts: Facts
) -> Decision:
    """What the provider, and for a delivery the chain, says of the payment now."""
    match outcome:
        case Waiting(paid=paid, fiat_amount=amount):
            again = _again(effect, EffectState.PENDING, outcome.due_at)
            if paid:
                return _confirmed(stream, effect, amount, facts) + again
            return (offer_time(stream, facts) if outcome.awaits_user else Decision()) + again
        case Delivered(fiat_amount=amount):
            return _confirmed(stream, effect, amount, facts) + _delivered(
                stream, effect, outcome, facts
            )
        case Ended():
            return _ended(stream, effect, outcome, facts)
        case Mismatch():
            return _mismatch(stream, effect, outcome)
        case Unknown():
            return _unknown(stream, effect, outcome, "check")
        case _:
            assert_never(outcome)


def _opened(stream: Stream, effect: Claimed, opened: Opened, facts: Facts) -> Decision:
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
    return ask_user(required, attempt=effect.attempt, at=facts.now) + Decision(
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch),),
        effects_requested=(
            request_effect(
                stream.id,
                EffectKind.ONRAMP_CHECK,
                effect.attempt,
                request={"provider": _provider(stream), "reference": opened.reference},
                due_at=opened.due_at,
            ),
        ),
        interactions=(
            _interaction(
                stream, effect, facts, "open", outcome="DONE", said={"reference": opened.reference}
            ),
        ),
    )


def _attempt_failed(
    stream: Stream, effect: Claimed, why: Declined, facts: Facts, *, state: EffectState
) -> Decision:
    name = _provider(stream)
    return Decision(
        events=(ProviderAttemptFailed(provider=name, code=why.code, reason=why.reason),),
        effects_moved=(EffectMoved(id=effect.id, state=state, epoch=effect.epoch),),
        interactions=(
            _interaction(stream, effect, facts, "open", outcome=state, said={"reason": why.reason}),
        ),
        recoveries=(
            RecoveryRow(
                id=derived(stream.id, "recovery", "failover", effect.attempt),
                strategy="PROVIDER_FAILOVER",
                reason=why.reason,
                attempt=effect.attempt,
                at=facts.now,
                result="NEXT_PROVIDER_ASKED",
            ),
        ),
    )


def _unknown(stream: Stream, effect: Claimed, outcome: Unknown, operation: str) -> Decision:
    again = _again(effect, EffectState.UNKNOWN, outcome.due_at)
    if stream.happened_since(OutcomeUnknown, OnRampProviderSelected):
        return again
    return again + Decision(events=(OutcomeUnknown(effect_id=effect.id, operation=operation),))


def _confirmed(stream: Stream, effect: Claimed, amount: int | None, facts: Facts) -> Decision:
    """The provider has the money: told once."""
    if stream.has(FiatPaymentConfirmed):
        return Decision()
    payment = _payment(stream)
    name, currency = _provider(stream), payment.fiat_currency
    paid = payment.fiat_amount if amount is None else amount
    action = payment_action_id(stream.id, effect.attempt)
    reference = effect.reference
    return withdraw_choice(stream, facts) + Decision(
        events=(
            UserActionCompleted(action_id=action),
            FiatPaymentConfirmed(
                provider=name, reference=reference, fiat_amount=paid, fiat_currency=currency
            ),
            _names(stream).requested(provider=name, reference=reference),
        ),
        actions_moved=(ActionMoved(id=action, status=ActionStatus.COMPLETED, at=facts.now),),
        postings=(
            Posting(account=fiat(currency), posted=-paid),
            Posting(account=provider(name, currency), posted=paid),
        ),
        interactions=(_interaction(stream, effect, facts, "pay", outcome="PAID", said={}),),
    )


def _delivered(stream: Stream, effect: Claimed, seen: Delivered, facts: Facts) -> Decision:
    payment, confirmed = _payment(stream), stream.latest(FiatPaymentConfirmed)
    name, currency = _provider(stream), payment.fiat_currency
    paid = confirmed.fiat_amount if confirmed else seen.fiat_amount or payment.fiat_amount
    said = {"transaction": seen.transaction_hash}
    return Decision(
        events=(_as_seen(_names(stream).completed, stream, effect, seen),),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch),),
        postings=(
            Posting(account=provider(name, currency), posted=-paid),
            Posting(account=conversion(currency), posted=paid),
            Posting(account=conversion(seen.asset), posted=-seen.amount),
            Posting(account=provider(name, seen.asset), posted=seen.amount),
        ),
        interactions=(_interaction(stream, effect, facts, "deliver", outcome="DONE", said=said),),
    )


def _ended(stream: Stream, effect: Claimed, ended: Ended, facts: Facts) -> Decision:
    is_unpaid = not stream.has(FiatPaymentConfirmed) and not ended.refunded
    closed = withdraw_choice(stream, facts) + Decision(
        events=_expired_action(stream, effect),
        actions_moved=_action_expired(stream, effect, facts),
        effects_moved=(EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch),),
        interactions=(
            _interaction(
                stream, effect, facts, "pay", outcome="ENDED", said={"reason": ended.reason}
            ),
        ),
    )
    if ended.is_dead and is_unpaid and may_repeat(stream, ended.code):
        declined = FiatPaymentDeclined(
            provider=_provider(stream), code=ended.code, reason=ended.reason
        )
        return closed + decline(stream, declined, facts, attempt=effect.attempt)
    return closed + _failed(stream, ended)


def _failed(stream: Stream, ended: Ended) -> Decision:
    """What was paid is given back, by the provider's word."""
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


def _mismatch(stream: Stream, effect: Claimed, mismatch: Mismatch) -> Decision:
    again = _again(effect, EffectState.UNKNOWN, mismatch.due_at)
    again += Decision(events=_wrong_delivery(stream, effect, mismatch.instead))
    if stream.has(OperatorRequired):
        return again
    return again + Decision(events=(OperatorRequired(reason=mismatch.reason),))


def _wrong_delivery(
    stream: Stream, effect: Claimed, seen: Delivered | None
) -> tuple[EventPayload, ...]:
    """Told once for each transaction."""
    told = {
        event.data.transaction_hash
        for event in stream.events
        if isinstance(event.data, WrongAssetDelivered)
    }
    if seen is None or seen.transaction_hash in told:
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


def _expired_action(stream: Stream, effect: Claimed) -> tuple[EventPayload, ...]:
    if stream.has(FiatPaymentConfirmed):
        return ()
    return (UserActionExpired(action_id=payment_action_id(stream.id, effect.attempt), final=True),)


def _action_expired(stream: Stream, effect: Claimed, facts: Facts) -> tuple[ActionMoved, ...]:
    return tuple(
        ActionMoved(id=event.action_id, status=ActionStatus.EXPIRED, at=facts.now)
        for event in _expired_action(stream, effect)
        if isinstance(event, UserActionExpired)
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


def _again(effect: Claimed, state: EffectState, due_at: datetime) -> Decision:
    return Decision(
        effects_moved=(EffectMoved(id=effect.id, state=state, epoch=effect.epoch, due_at=due_at),)
    )


def _provider(stream: Stream) -> str:
    return stream.known(OnRampProviderSelected).provider


def _interaction(
    stream: Stream,
    effect: Claimed,
    facts: Facts,
    operation: str,
    *,
    outcome: str,
    said: JsonObject,
) -> InteractionRow:
    return InteractionRow(
        id=derived(stream.id, "interaction", operation, effect.attempt, outcome),
        provider=_provider(stream),
        operation=operation,
        outcome=outcome,
        attempt=effect.attempt,
        at=facts.now,
        response=said,
    )
