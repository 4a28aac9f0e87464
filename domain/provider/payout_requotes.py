"""A payout that would bring less to its bank than its user was shown: because its provider no longer
keeps its quote, its offers expired before anybody was asked, or the network takes more of it. Offers
are asked for anew; its user says whether less will do. It never goes on silently.
"""

from dataclasses import dataclass
from typing import Final

from domain.contracts.choice_events import UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed, RejectedOffer
from domain.contracts.events import NetworkCost
from domain.contracts.payout_events import PayoutOffer, PayoutRequoted, PayoutRequoteRequested
from domain.contracts.payouts import delivered, payout_in, payout_of
from domain.contracts.terms_events import PaymentTermsWorsened
from domain.contracts.transfer_events import BlockchainTransferFailed
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider.confirmations import CONFIRM_SLIPPAGE, ask_to_confirm, is_agreed
from domain.provider.effects import Claimed, EffectKind, request_effect
from domain.provider.requotes import MILLION, REQUOTES_MAX, asked_again
from domain.shared.decision import Decision, Facts
from domain.shared.money import AssetAmount, share_rounded_down
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState

QUOTE_CHANGED: Final = "PRV_QUOTE_CHANGED"
"""A provider that says so may be asked what it offers now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutsRequoted:
    """What providers offer for the payout now, the best first."""

    offers: tuple[PayoutOffer, ...]
    rejected: tuple[RejectedOffer, ...]


def may_requote(stream: Stream) -> bool:
    """Whether offers may be asked for once more."""
    return stream.count(PayoutRequoteRequested) < REQUOTES_MAX


def requote(stream: Stream, facts: Facts, *, network_cost: NetworkCost | None = None) -> Decision:
    """Asks anew for what is left where the network costs so much; None: what it did before."""
    withdraw = stream.known(WithdrawTransactionInitiated)
    cost = network_cost or payout_in(stream).network_cost
    asked = request_effect(
        stream.id,
        EffectKind.PAYOUT_QUOTE,
        stream.count(PayoutRequoteRequested) + 1,
        request={},
        due_at=facts.now,
    )
    requested = PayoutRequoteRequested(
        effect_id=asked.id, amount=delivered(withdraw, cost), network_cost=cost
    )
    return Decision(events=(requested,), effects_requested=(asked,))


def on_payouts_requoted(
    stream: Stream, effect: Claimed, told: PayoutsRequoted, facts: Facts
) -> Decision:
    """What is offered now is told; whether it will do is said where one of them is taken."""
    failed, _changed = failed_by(stream)
    if any(each.provider not in failed for each in told.offers):
        done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
        requoted = PayoutRequoted(offers=told.offers, rejected=told.rejected)
        return Decision(events=(requoted,), effects_moved=(done,))
    again = asked_again(stream, effect, PayoutRequoteRequested, facts)
    if again is not None:
        return again
    reasons = "; ".join(f"{each.provider}: {each.reason}" for each in told.rejected)
    gone = BlockchainTransferFailed(code="PRV_NONE_AVAILABLE", reason=reasons, landed=False)
    done = EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch)
    return Decision(events=(gone,), effects_moved=(done,))


def failed_by(stream: Stream) -> tuple[set[str], set[str]]:
    """Who cannot pay it, and whose offers changed since all were asked for theirs."""
    failed: set[str] = set()
    changed: set[str] = set()
    for event in stream.events:
        match event.data:
            case PayoutRequoted():
                changed.clear()
            case ProviderAttemptFailed(provider=provider, code=code):
                (changed if code == QUOTE_CHANGED else failed).add(provider)
            case _:
                continue
    return failed, changed


def is_less(stream: Stream, offer: PayoutOffer, facts: Facts) -> bool:
    """Whether it is so much less than what was shown that the user has to say yes to it."""
    return falls_short(stream, offer.fiat_amount, facts)


def falls_short(stream: Stream, fiat_amount: int, facts: Facts) -> bool:
    """Whether it is less than what was shown or agreed to, by more than a price may move silently."""
    kept = MILLION - facts.figures.payment_slippage_millionths
    return fiat_amount < share_rounded_down(_expected(stream), millionths=kept)


def ask_for_less(stream: Stream, offer: PayoutOffer, facts: Facts) -> Decision:
    """Shows what was expected, and what is offered now."""
    expected, currency = _expected(stream), offer.fiat_currency
    worsened = PaymentTermsWorsened(
        provider=offer.provider, asset=currency, expected=expected, offered=offer.fiat_amount
    )
    offered = AssetAmount.of(offer.fiat_amount, currency)
    asked = ask_to_confirm(
        stream,
        facts,
        action=CONFIRM_SLIPPAGE,
        summary=f"What was shown cannot be had any more: {offer.provider} would pay about {offered}, "
        f"where {AssetAmount.of(expected, currency)} was shown",
        accept=f"Go on for about {offered}",
    )
    return Decision(events=(worsened,)) + asked


def _expected(stream: Stream) -> int:
    """What the user was shown, or has agreed to since; of less that is paid out, as much less,
    rounded down."""
    payout = payout_of(stream)
    shown, amount = payout.offers[0].fiat_amount, payout.amount
    offered = shown
    for event in stream.events:
        match event.data:
            case PaymentTermsWorsened(offered=less):
                offered = less
            case UserChoiceMade() as made if is_agreed(made, CONFIRM_SLIPPAGE):
                shown = offered
            case PayoutRequoteRequested(amount=left):
                shown, amount = shown * left // amount, left
            case _:
                continue
    return shown
