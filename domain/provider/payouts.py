"""What the provider context decides when an off-ramp's answer is known.

Unknown is never failed: only the provider's own word, and for what it gives back the chain's proof,
ends a payout that may have been made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from domain.contracts.payout_events import (
    FiatTransferConfirmed,
    FiatTransferRequested,
    OffRampProviderSelected,
    PayoutOffer,
    PayoutOpened,
    PayoutReturned,
    USDCToFiatConversionCompleted,
)
from domain.contracts.payouts import payout_in
from domain.contracts.transfer_events import TransferConfirmed
from domain.provider.effects import Claimed, Declined, Moved, NotAttempted, Unknown
from domain.provider.payout_requotes import falls_short
from domain.provider.ramps import (
    Mismatch,
    NotOpened,
    Ramp,
    again,
    ended_meanwhile,
    for_a_person,
    still_waiting,
)
from domain.shared.accounts import conversion, fiat, provider
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, EffectState, Posting

RETURNS: Final = "SOLANA:RETURN"
"""Where a credit is claimed as what came back of one payout: once, beside whoever books it."""

LOOK_WHEN_ODD: Final = timedelta(hours=1)
"""How often it is asked again what a bank was paid, where that does not fit."""
CENT: Final = 10_000
"""USDC base units: who tells amounts in whole cents rounds by less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The provider waits for `amount` (USDC base units) at its address, with that memo and until
    then, where it names them."""

    reference: str
    deposit_address: str
    amount: int
    memo: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """To be asked again at `due_at`. `received`: the provider has the USDC; `overdue`: why a person
    has to look by now."""

    due_at: datetime
    received: bool
    overdue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The provider says that the bank is paid; `fiat_amount` in hundredths of `fiat_currency`, for
    `asset_amount` (USDC base units), as far as it tells."""

    fiat_amount: int | None
    fiat_currency: str | None = None
    asset_amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The chain shows, finally, what the provider gave back, and the provider says why.

    `is_credited`: the provider names no transaction, and it is a credit that whoever looks for
    unannounced money books; it is looked at again at `due_at` where it is another payout's.
    """

    moved: Moved
    transaction_hash: str
    code: str
    reason: str
    due_at: datetime
    is_credited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The provider waits for nothing any more; `said` is its own word for that."""

    said: str


OpenOutcome = Opened | NotOpened
CancelOutcome = Cancelled | Declined | NotAttempted | Unknown
CheckOutcome = Waiting | Paid | Returned | Mismatch | Unknown


def offer_of(stream: Stream) -> PayoutOffer:
    """The offer of the provider that was selected last."""
    return payout_in(stream).offer(stream.known(OffRampProviderSelected).provider)


def on_payout_opened(
    stream: Stream, effect: Claimed, outcome: OpenOutcome, facts: Facts
) -> Decision:
    """The payout is open, or another provider is asked, or it is found out."""
    if ended := ended_meanwhile(stream, effect):
        return ended
    if isinstance(outcome, Opened):
        return _opened(stream, effect, outcome, facts)
    return RAMP.not_opened(stream, effect, outcome, facts)


def on_payout_checked(
    stream: Stream, effect: Claimed, outcome: CheckOutcome, facts: Facts
) -> Decision:
    """What the provider, and for what it gives back the chain, says of the payout now."""
    match outcome:
        case Waiting(received=received, overdue=overdue):
            news = _received(stream) if received else NOTHING
            late = NOTHING if overdue is None else for_a_person(stream, overdue)
            return still_waiting(effect, outcome.due_at, news=news + late)
        case Paid():
            return _received(stream) + _paid_or_odd(stream, effect, outcome, facts)
        case Returned():
            return _returned(stream, effect, outcome, facts)
        case Mismatch() | Unknown():
            return RAMP.unclear(stream, effect, outcome, "check")
        case _:
            assert_never(outcome)


def on_payout_cancelled(
    stream: Stream, effect: Claimed, outcome: CancelOutcome, facts: Facts
) -> Decision:
    """The provider no longer waits for what will not come. Nothing of the transaction hangs on it,
    so a refusal ends it: what gets no funds lapses."""
    match outcome:
        case Cancelled(said=said):
            return RAMP.concluded(
                stream, effect, facts, "cancel", outcome="DONE", events=(), said={"state": said}
            )
        case Declined(reason=reason):
            declined = EffectState.DECLINED
            return RAMP.concluded(
                stream,
                effect,
                facts,
                "cancel",
                outcome=declined,
                events=(),
                state=declined,
                said={"reason": reason},
            )
        case NotAttempted(due_at=due_at):
            return again(effect, EffectState.INTENT, due_at)
        case Unknown(due_at=due_at):
            return again(effect, EffectState.UNKNOWN, due_at)
        case _:
            assert_never(outcome)


def _opened(stream: Stream, effect: Claimed, opened: Opened, facts: Facts) -> Decision:
    event = PayoutOpened(
        provider=offer_of(stream).provider,
        reference=opened.reference,
        deposit_address=opened.deposit_address,
        amount=opened.amount,
        memo=opened.memo,
        expires_at=opened.expires_at,
    )
    return RAMP.concluded(stream, effect, facts, "open", outcome="DONE", events=(event,))


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


def _paid_or_odd(stream: Stream, effect: Claimed, paid: Paid, facts: Facts) -> Decision:
    """What the bank got is held against what was shown, before anything is booked by it."""
    reason = _odd(stream, paid, facts)
    if reason is None:
        return _paid(stream, effect, paid, facts)
    odd = Mismatch(reason=reason, due_at=facts.now + LOOK_WHEN_ODD)
    return RAMP.unclear(stream, effect, odd, "check")


def _odd(stream: Stream, paid: Paid, facts: Facts) -> str | None:
    """What of it does not fit; what is not told fits."""
    currency, sent = offer_of(stream).fiat_currency, stream.known(PayoutOpened).amount
    if paid.fiat_currency not in {None, currency}:
        return f"the bank was paid in {paid.fiat_currency}"
    if paid.asset_amount is not None and abs(paid.asset_amount - sent) >= CENT:
        return f"the bank was paid for {AssetAmount.of(paid.asset_amount, USDC.symbol)}"
    if paid.fiat_amount is not None and falls_short(stream, paid.fiat_amount, facts):
        return f"the bank was paid only {AssetAmount.of(paid.fiat_amount, currency)}"
    return None


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
    return booked + RAMP.concluded(
        stream, effect, facts, "pay_out", outcome="DONE", events=(event,)
    )


def _returned(stream: Stream, effect: Claimed, back: Returned, facts: Facts) -> Decision:
    if back.is_credited and facts.rejection is not None:
        # Another payout was quicker to take the credit for its own.
        return still_waiting(effect, back.due_at, news=NOTHING)
    event = PayoutReturned(
        provider=offer_of(stream).provider,
        code=back.code,
        reason=back.reason,
        amount=back.moved.amount,
        transaction_hash=back.transaction_hash,
        instruction=back.moved.instruction,
        account=back.moved.account,
        is_credited=back.is_credited,
    )
    matched = ChainClaim(
        chain=RETURNS,
        signature=back.transaction_hash,
        instruction=back.moved.instruction,
        account=back.moved.account,
    )
    told = Decision(claims=(matched,) if back.is_credited else ())
    return told + RAMP.concluded(
        stream,
        effect,
        facts,
        "pay_out",
        outcome="RETURNED",
        events=(event,),
        state=EffectState.DECLINED,
    )


def _provider(stream: Stream) -> str:
    return stream.known(OffRampProviderSelected).provider


RAMP = Ramp(selected=OffRampProviderSelected, provider=_provider)
