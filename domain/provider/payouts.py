"""What the provider context decides when an off-ramp's answer is known.

Unknown is never failed: only the provider's own word, and for what it gives back the chain's proof,
ends a payout that may have been made.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import EventPayload
from domain.contracts.events import OperatorRequired, OutcomeUnknown
from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    FiatTransferRequested,
    OffRampProviderSelected,
    PayoutOffer,
    PayoutOpened,
    PayoutReturned,
    USDCToFiatConversionCompleted,
)
from domain.contracts.transfer_events import TransferConfirmed
from domain.contracts.withdraw_events import BankPayout, WithdrawTransactionInitiated
from domain.provider.effects import Claimed, Declined, Moved, NotAttempted, Unknown
from domain.shared.accounts import conversion, fiat, provider
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState, InteractionRow, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The provider waits for `amount` (USDC base units) at its address."""

    reference: str
    deposit_address: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """To be asked again at `due_at`. `received`: the provider has the USDC."""

    due_at: datetime
    received: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The provider says that the bank is paid; `fiat_amount` in hundredths, where it tells."""

    fiat_amount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The chain shows, finally, what the provider gave back, and the provider says why."""

    moved: Moved
    transaction_hash: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What the provider did is not what was asked: a person has to look. Asked again at `due_at`."""

    reason: str
    due_at: datetime


OpenOutcome = Opened | Declined | NotAttempted | Mismatch | Unknown
CheckOutcome = Waiting | Paid | Returned | Mismatch | Unknown


def bank_of(stream: Stream) -> BankPayout:
    """The bank account that the flow pays; LookupError where it pays none."""
    bank = stream.known(WithdrawTransactionInitiated).bank
    if bank is None:
        raise LookupError(f"stream {stream.id} pays no bank")
    return bank


def offer_of(stream: Stream) -> PayoutOffer:
    """The offer of the provider that was selected last."""
    name = stream.known(OffRampProviderSelected).provider
    return next(each for each in bank_of(stream).offers if each.provider == name)


def on_payout_opened(
    stream: Stream, effect: Claimed, outcome: OpenOutcome, facts: Facts
) -> Decision:
    """The payout is open, or another provider is asked, or it is found out."""
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


def on_payout_checked(
    stream: Stream, effect: Claimed, outcome: CheckOutcome, facts: Facts
) -> Decision:
    """What the provider, and for what it gives back the chain, says of the payout now."""
    match outcome:
        case Waiting(received=received):
            news = _received(stream) if received else NOTHING
            return news + _again(effect, EffectState.PENDING, outcome.due_at)
        case Paid():
            return _received(stream) + _paid(stream, effect, outcome, facts)
        case Returned():
            return _returned(stream, effect, outcome, facts)
        case Mismatch():
            return _mismatch(stream, effect, outcome)
        case Unknown():
            return _unknown(stream, effect, outcome, "check")
        case _:
            assert_never(outcome)


def _opened(stream: Stream, effect: Claimed, opened: Opened, facts: Facts) -> Decision:
    event = PayoutOpened(
        provider=offer_of(stream).provider,
        reference=opened.reference,
        deposit_address=opened.deposit_address,
        amount=opened.amount,
    )
    return _done(stream, effect, facts, "open", outcome="DONE", events=(event,))


def _attempt_failed(
    stream: Stream, effect: Claimed, why: Declined, facts: Facts, *, state: EffectState
) -> Decision:
    failed = ProviderAttemptFailed(
        provider=offer_of(stream).provider, code=why.code, reason=why.reason
    )
    return _done(stream, effect, facts, "open", outcome=state, events=(failed,), state=state)


def _received(stream: Stream) -> Decision:
    """The provider has the USDC: told once."""
    if stream.has(USDCToFiatConversionCompleted):
        return NOTHING
    opened, offer = stream.known(PayoutOpened), offer_of(stream)
    return Decision(
        events=(
            USDCToFiatConversionCompleted(
                provider=opened.provider, reference=opened.reference, amount=opened.amount
            ),
            FiatTransferRequested(
                provider=opened.provider,
                reference=opened.reference,
                fiat_amount=offer.fiat_amount,
                fiat_currency=offer.fiat_currency,
            ),
        )
    )


def _paid(stream: Stream, effect: Claimed, paid: Paid, facts: Facts) -> Decision:
    opened, offer = stream.known(PayoutOpened), offer_of(stream)
    sent = stream.known(TransferConfirmed).recipient_amount
    amount = offer.fiat_amount if paid.fiat_amount is None else paid.fiat_amount
    event = FiatTransferConfirmed(
        provider=opened.provider,
        reference=opened.reference,
        amount=sent,
        fiat_amount=amount,
        fiat_currency=offer.fiat_currency,
    )
    booked = Decision(
        postings=(
            Posting(account=provider(opened.provider, USDC.symbol), posted=-sent),
            Posting(account=conversion(USDC.symbol), posted=sent),
            Posting(account=conversion(offer.fiat_currency), posted=-amount),
            Posting(account=fiat(offer.fiat_currency), posted=amount),
        )
    )
    return booked + _done(stream, effect, facts, "pay_out", outcome="DONE", events=(event,))


def _returned(stream: Stream, effect: Claimed, back: Returned, facts: Facts) -> Decision:
    event = PayoutReturned(
        provider=offer_of(stream).provider,
        code=back.code,
        reason=back.reason,
        amount=back.moved.amount,
        transaction_hash=back.transaction_hash,
        instruction=back.moved.instruction,
        account=back.moved.account,
    )
    return _done(
        stream,
        effect,
        facts,
        "pay_out",
        outcome="RETURNED",
        events=(event,),
        state=EffectState.DECLINED,
    )


def _done(
    stream: Stream,
    effect: Claimed,
    facts: Facts,
    operation: str,
    *,
    outcome: str,
    events: tuple[EventPayload, ...],
    state: EffectState = EffectState.DONE,
) -> Decision:
    return Decision(
        events=events,
        effects_moved=(EffectMoved(id=effect.id, state=state, epoch=effect.epoch),),
        interactions=(
            InteractionRow(
                id=derived(stream.id, "interaction", operation, effect.attempt, outcome),
                provider=offer_of(stream).provider,
                operation=operation,
                outcome=outcome,
                attempt=effect.attempt,
                at=facts.now,
            ),
        ),
    )


def _mismatch(stream: Stream, effect: Claimed, mismatch: Mismatch) -> Decision:
    again = _again(effect, EffectState.UNKNOWN, mismatch.due_at)
    if stream.has(OperatorRequired):
        return again
    return again + Decision(events=(OperatorRequired(reason=mismatch.reason),))


def _unknown(stream: Stream, effect: Claimed, outcome: Unknown, operation: str) -> Decision:
    again = _again(effect, EffectState.UNKNOWN, outcome.due_at)
    if stream.happened_since(OutcomeUnknown, OffRampProviderSelected):
        return again
    return again + Decision(events=(OutcomeUnknown(effect_id=effect.id, operation=operation),))


def _again(effect: Claimed, state: EffectState, due_at: datetime) -> Decision:
    return Decision(
        effects_moved=(EffectMoved(id=effect.id, state=state, epoch=effect.epoch, due_at=due_at),)
    )
