"""What a user may decide about a payment of theirs: to have more time, or to pay in another way.

A payment is begun anew only when the one before is dead for certain: by the word of its provider,
or because the page to pay at has closed. Of an unknown outcome nobody is asked.
"""

from datetime import datetime, timedelta
from typing import Final

from domain.contracts.choice_events import ChoiceOption, UserChoiceMade, UserChoiceRequired
from domain.contracts.deposit_events import (
    FiatPaymentBegun,
    FiatPaymentDeclined,
    FiatPaymentFailed,
    FiatPaymentRequested,
    FiatPaymentTryFailed,
    FiatPaymentUnopened,
    OnRampProviderSelected,
    PaymentMethodUpdateRefused,
    PaymentMethodUpdateRequested,
    PaymentTimeExtended,
    ProviderAttemptFailed,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested, UserActionRequired
from domain.contracts.payments import payment_in
from domain.provider.choices import MAY_PASS, ask_choice
from domain.provider.extensions import (
    EXTEND,
    EXTEND_TIMEOUT,
    EXTENSIONS_MAX,
    ask_for_time,
    notice_at,
)
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import RecoveryRow

UPDATE_PAYMENT_METHOD: Final = "UPDATE_PAYMENT_METHOD"
STOP: Final = "STOP"
GIVEN_UP: Final = "TXN_CANCELLED"

REPEATS_MAX: Final = 3
"""So often a payment may be begun anew."""
REPEATABLE: Final = frozenset({"PAY_FAILED", "PAY_EXPIRED"})
"""How a payment may have ended for another one to take its place."""

_ANEW: Final = ChoiceOption(name=EXTEND, summary="Begin the payment anew, at the prices of now")
_STOP: Final = ChoiceOption(name=STOP, summary="Stop here: nothing is paid")


def open_until(stream: Stream, facts: Facts) -> datetime:
    """Until when the user may pay, as far as it is known, with what they were given on top."""
    closes = _closes(stream, facts)
    extended = stream.latest(PaymentTimeExtended)
    is_of_page = stream.happened_since(PaymentTimeExtended, UserActionRequired)
    return max(closes, extended.until) if extended and is_of_page else closes


def closes_by_itself(stream: Stream) -> bool:
    """Whether the provider said when nobody can pay there any more."""
    return stream.known(UserActionRequired).expires_at is not None


def offer_time(stream: Stream, facts: Facts) -> Decision:
    """Asks whether the user wants more time, while there is some left: once for each end of it, and
    not where a page closes by itself, which nobody can keep open, or its user has given it up."""
    if closes_by_itself(stream) or stream.count(PaymentTimeExtended) >= EXTENSIONS_MAX:
        return NOTHING
    if stream.has(CancellationRequested):
        return NOTHING
    closes = open_until(stream, facts)
    is_time = notice_at(closes, _window(stream, facts)) <= facts.now < closes
    if not is_time or _was_asked(stream):
        return NOTHING
    return ask_for_time(
        stream,
        facts,
        summary=f"The time to pay {_amount(stream)} is nearly over",
        extend="Have as long again to pay",
        closes=closes,
    )


def may_repeat(stream: Stream, code: str) -> bool:
    """Whether a payment that is dead, and ended so, may be followed by another."""
    return code in REPEATABLE and _may_ask(stream)


def give_up(stream: Stream, code: str, reason: str, facts: Facts) -> Decision:
    """Nobody opens the payment, or offers anything for it any more: the user says how to go on; where
    it could not be paid in any other way either, it has failed."""
    last = stream.latest(ProviderAttemptFailed)
    provider = last.provider if last else ""
    if _may_ask(stream) and _ways(stream, code):
        unopened = FiatPaymentUnopened(provider=provider, code=code, reason=reason)
        attempt = stream.count(OnRampProviderSelected)
        return decline(stream, unopened, facts, attempt=attempt)
    failed = FiatPaymentFailed(
        provider=provider,
        code=code,
        reason=reason,
        fiat_currency=payment_in(stream).fiat_currency,
        refunded=0,
    )
    return Decision(events=(failed,))


def is_under_way(stream: Stream) -> bool:
    """Whether a provider was asked for the payment, and has not said that it came to nothing."""
    return stream.happened_since(FiatPaymentRequested, ProviderAttemptFailed)


def given_up(stream: Stream) -> Decision:
    """Its user wants it no more, and nobody has paid."""
    selected = stream.latest(OnRampProviderSelected)
    failed = FiatPaymentFailed(
        provider=selected.provider if selected else "",
        code=GIVEN_UP,
        reason="cancelled by its user",
        fiat_currency=payment_in(stream).fiat_currency,
        refunded=0,
    )
    return Decision(events=(failed,))


def decline(
    stream: Stream, declined: FiatPaymentDeclined, facts: Facts, *, attempt: int
) -> Decision:
    """Nothing was paid, and nothing can be any more: the user says how to go on."""
    told = RecoveryRow(
        id=derived(stream.id, "recovery", "payment", attempt),
        strategy="PAYMENT_ANEW",
        reason=declined.reason,
        attempt=attempt,
        at=facts.now,
        result="USER_ASKED",
    )
    asked = ask_for_another(stream, declined.code, facts)
    return Decision(events=(declined,), recoveries=(told,)) + asked


def ask_for_another(stream: Stream, code: str, facts: Facts) -> Decision:
    """Asks how the user wants to pay, now that the payment before has come to nothing."""
    amount = _amount(stream)
    is_late = code == "PAY_EXPIRED"
    return ask_choice(
        stream,
        facts,
        action=EXTEND_TIMEOUT if is_late else UPDATE_PAYMENT_METHOD,
        summary=f"The time to pay {amount} is over"
        if is_late
        else f"{amount} could not be paid: choose how to pay, or stop",
        options=(_ANEW, _STOP) if is_late else (*_ways(stream, code), _STOP),
        expires_at=facts.now + timedelta(seconds=facts.figures.approval_window_seconds),
    )


def declined_by(stream: Stream) -> frozenset[str]:
    """Who will not take the payment with the method that was chosen last."""
    return frozenset(each.provider for each in _failures(stream) if each.code not in MAY_PASS)


def failed_by(stream: Stream) -> frozenset[str]:
    """Who could not take it, since the user last said how to pay."""
    return frozenset(each.provider for each in _failures(stream))


def is_begun(stream: Stream) -> bool:
    """Whether somebody was seen to pay what is under way: it may be paid until its provider says
    otherwise."""
    for event in reversed(stream.events):
        if isinstance(event.data, FiatPaymentBegun):
            return True
        if isinstance(event.data, FiatPaymentTryFailed | OnRampProviderSelected):
            return False
    return False


def is_declined(stream: Stream) -> bool:
    """Whether no payment is under way, and the user is to say what follows."""
    return stream.happened_since(FiatPaymentDeclined, OnRampProviderSelected)


def on_choice(stream: Stream, event: Event, facts: Facts) -> Decision:
    """More time, or the end. Another way to pay comes with its offers, by an event of its own."""
    made = event.data
    if not isinstance(made, UserChoiceMade):
        return NOTHING
    if is_declined(stream):
        return _failed(stream) if made.option == STOP else NOTHING
    if made.option != EXTEND:
        return NOTHING
    until = open_until(stream, facts) + _window(stream, facts)
    return Decision(events=(PaymentTimeExtended(until=until),))


def on_choice_expired(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    return _failed(stream) if is_declined(stream) else NOTHING


def on_update_refused(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """The user may choose again, so long as they would wait for one answer anyhow."""
    code = stream.known(PaymentMethodUpdateRefused).code
    asked = stream.count(UserChoiceRequired)
    if asked >= stream.count(FiatPaymentDeclined) + REPEATS_MAX + EXTENSIONS_MAX:
        return _failed(stream, code=code)
    return ask_for_another(stream, "PAY_FAILED", facts)


def _failed(stream: Stream, *, code: str | None = None) -> Decision:
    """As it had ended before the user was asked."""
    declined, payment = stream.known(FiatPaymentDeclined), payment_in(stream)
    failed: EventPayload = FiatPaymentFailed(
        provider=declined.provider,
        code=code or declined.code,
        reason=declined.reason,
        fiat_currency=payment.fiat_currency,
        refunded=0,
    )
    return Decision(events=(failed,))


def _may_ask(stream: Stream) -> bool:
    return stream.count(FiatPaymentDeclined) < REPEATS_MAX and not stream.has(CancellationRequested)


def _ways(stream: Stream, code: str) -> tuple[ChoiceOption, ...]:
    """How it may be paid now that it has ended so: with the same method where somebody may take it."""
    payment, codes = payment_in(stream), {code, *(each.code for each in _failures(stream))}
    is_out = codes.isdisjoint(MAY_PASS | REPEATABLE)
    return tuple(
        ChoiceOption(name=method, summary=f"Pay with {method.replace('_', ' ').lower()}")
        for method in payment.methods
        if method != payment.payment_method or not is_out
    )


def _failures(stream: Stream) -> list[ProviderAttemptFailed]:
    """What providers said no to, since the user last said how to pay."""
    found: list[ProviderAttemptFailed] = []
    for event in reversed(stream.events):
        if isinstance(event.data, PaymentMethodUpdateRequested):
            break
        if isinstance(event.data, ProviderAttemptFailed):
            found.append(event.data)
    return found


def _amount(stream: Stream) -> AssetAmount:
    payment = payment_in(stream)
    return AssetAmount.of(payment.fiat_amount, payment.fiat_currency)


def _closes(stream: Stream, facts: Facts) -> datetime:
    """When the page closes: providers do not always tell."""
    required = stream.known(UserActionRequired)
    usual = timedelta(seconds=facts.figures.payment_page_seconds)
    return required.expires_at or _asked_at(stream) + usual


def _window(stream: Stream, facts: Facts) -> timedelta:
    """What the user was given at first."""
    return _closes(stream, facts) - _asked_at(stream)


def _asked_at(stream: Stream) -> datetime:
    required = stream.known(UserActionRequired)
    return next(e.occurred_at for e in reversed(stream.events) if e.data is required)


def _was_asked(stream: Stream) -> bool:
    """Since the page was opened, or the time was last made longer."""
    for event in reversed(stream.events):
        if isinstance(event.data, UserChoiceRequired):
            return True
        if isinstance(event.data, (UserActionRequired, PaymentTimeExtended)):
            return False
    return False
