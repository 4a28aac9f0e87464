"""The provider context pays a bank through an off-ramp as the orchestrator tells it to."""

from datetime import datetime, timedelta

from domain.contracts.choice_events import UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.payout_events import (
    OffRampProviderSelected,
    PayoutOpened,
    PayoutRequoted,
    PayoutRequoteRequested,
    USDCToFiatConversionRequested,
)
from domain.contracts.payouts import Payout, bank_of, payout_in
from domain.contracts.terms_events import NetworkCostRose
from domain.contracts.transfer_events import (
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    LegRequested,
    TransferWanted,
)
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider import leg
from domain.provider.choices import pending_choice
from domain.provider.confirmations import CONFIRM_NETWORK_FEE, CONFIRM_SLIPPAGE, is_agreed
from domain.provider.effects import EffectKind, request_effect
from domain.provider.leg import (
    GENERAL,
    approval_deadline,
    cancelled,
    leg_of,
    leg_reactions,
    on_choice,
    on_leg_expired,
    request_transfer,
)
from domain.provider.payout_requotes import ask_for_less, failed_by, is_less, may_requote, requote
from domain.provider.payouts import offer_of
from domain.provider.signing import closes_at
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream

FIRST_LOOK = timedelta(seconds=2)
"""The provider tells sooner by itself that the USDC has come; a bank takes hours."""


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.SELECT_PROVIDER):
            return _selected(stream, facts)
        case CommandIssued(command=Command.CONVERT):
            return _open(stream, facts)
        case CommandIssued(command=Command.TRANSFER):
            return _transfer(stream, facts)
        case CommandIssued(command=Command.PAY_OUT):
            return _follow(stream, facts)
        case _:
            return NOTHING


def on_offers(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Of those that are left, or were just made anew."""
    return _selected(stream, facts)


def on_choice_made(stream: Stream, event: Event, facts: Facts) -> Decision:
    """What the user agrees to is asked of providers, before anything is to be signed."""
    made = event.data
    if isinstance(made, UserChoiceMade) and is_agreed(made, CONFIRM_SLIPPAGE):
        return _selected(stream, facts)
    if isinstance(made, UserChoiceMade) and is_agreed(made, CONFIRM_NETWORK_FEE):
        return _for_less(stream, facts)
    return on_choice(stream, event, facts)


def on_selected(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """The first time the orchestrator says when to go on; afterwards it goes on at once."""
    return _open(stream, facts) if _is_under_way(stream) else NOTHING


def on_opened(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """The first time the orchestrator says when to send; what was opened anew is sent at once."""
    return _transfer(stream, facts) if stream.has(LegRequested) else NOTHING


def on_cancellation(stream: Stream, event: Event, facts: Facts) -> Decision:
    """While a payout is opened anew there is nothing to withdraw: it is heard of when that is known."""
    is_asked = stream.happened_since(PayoutRequoteRequested, LegRequested)
    if is_asked and pending_choice(stream) is None:
        return NOTHING
    return leg.on_cancellation(stream, event, facts)


def on_transfer_expired(stream: Stream, event: Event, facts: Facts) -> Decision:
    return on_leg_expired(stream, event, facts) + on_not_sent(stream, event, facts)


def _selected(stream: Stream, facts: Facts) -> Decision:
    """The best offer whose provider has not failed; without one the payout has failed. For much less
    than was shown its user is asked."""
    if _is_under_way(stream) and stream.has(CancellationRequested):
        return cancelled(stream)
    payout, (failed, changed) = payout_in(stream), failed_by(stream)
    out = failed | changed
    offer = next((each for each in payout.offers if each.provider not in out), None)
    is_enough = offer is not None and not is_less(stream, offer, facts)
    if not is_enough and changed and may_requote(stream):
        return requote(stream, facts)
    if offer is None:
        last = stream.known(ProviderAttemptFailed)
        gone = leg_of(stream).failed(code=last.code, reason=last.reason, landed=False)
        return Decision(events=(gone,))
    if not is_enough:
        return ask_for_less(stream, offer, facts)
    explanation = _explanation(payout, offer.provider)
    selected = OffRampProviderSelected(provider=offer.provider, explanation=explanation)
    return Decision(events=(selected,))


def _is_under_way(stream: Stream) -> bool:
    """Whether a provider was asked for anything since the orchestrator said so."""
    return stream.has(USDCToFiatConversionRequested, PayoutRequoteRequested)


def _for_less(stream: Stream, facts: Facts) -> Decision:
    """What the network takes more is taken out of what the bank gets: the payout that waits for all
    of it is given up, and another one opened."""
    cost = stream.known(NetworkCostRose).asked
    return _cancel(stream, facts) + requote(stream, facts, network_cost=cost)


def _open(stream: Stream, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return cancelled(stream)
    offer = offer_of(stream)
    if offer.expires_at <= facts.now and may_requote(stream):
        return requote(stream, facts)
    opening = request_effect(
        stream.id,
        EffectKind.PAYOUT_OPEN,
        stream.count(USDCToFiatConversionRequested) + 1,
        request={"provider": offer.provider},
        due_at=facts.now,
    )
    requested = USDCToFiatConversionRequested(
        provider=offer.provider, effect_id=opening.id, amount=payout_in(stream).amount
    )
    return Decision(events=(requested,), effects_requested=(opening,))


def _transfer(stream: Stream, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return cancelled(stream)
    withdraw, opened = stream.known(WithdrawTransactionInitiated), stream.known(PayoutOpened)
    closes = closes_at(stream)
    if closes is not None and closes <= facts.now:
        late = leg_of(stream).failed(
            code="PRV_LAPSED", reason=f"{opened.provider} does not wait long enough", landed=False
        )
        return Decision(events=(late,))
    wanted = TransferWanted(
        sender_address=withdraw.sender_address,
        recipient_address=opened.deposit_address,
        recipient_name=f"{opened.provider} for {bank_of(stream).label}",
        amount=withdraw.amount,
        platform_fee=withdraw.platform_fee,
        memo=opened.memo,
        delivered=opened.amount,
    )
    return request_transfer(
        stream,
        facts,
        wanted,
        network_cost=payout_in(stream).network_cost,
        approval_deadline=_deadline(stream, facts, withdraw.approval_deadline),
    )


def _deadline(stream: Stream, facts: Facts, given: datetime) -> datetime:
    """Whoever was asked since has as long to sign as at the beginning."""
    if stream.has(UserChoiceMade):
        return facts.now + timedelta(seconds=facts.figures.approval_window_seconds)
    return approval_deadline(stream, facts, given)


def _follow(stream: Stream, facts: Facts) -> Decision:
    opened = stream.known(PayoutOpened)
    check = request_effect(
        stream.id,
        EffectKind.PAYOUT_CHECK,
        1,
        request={"provider": opened.provider, "reference": opened.reference},
        due_at=facts.now + FIRST_LOOK,
    )
    return Decision(effects_requested=(check,))


def on_not_sent(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Nothing was sent to the provider, and nothing will be: it need not wait for it."""
    if not has_ended(stream) or not stream.happened_since(PayoutOpened, OffRampProviderSelected):
        return NOTHING
    if stream.happened_since(PayoutRequoteRequested, PayoutOpened):
        # It was given up before, for another one.
        return NOTHING
    return _cancel(stream, facts)


def _cancel(stream: Stream, facts: Facts) -> Decision:
    opened = stream.known(PayoutOpened)
    cancel = request_effect(
        stream.id,
        EffectKind.PAYOUT_CANCEL,
        stream.count(PayoutOpened),
        request={"provider": opened.provider, "reference": opened.reference},
        due_at=facts.now,
    )
    return Decision(effects_requested=(cancel,))


def has_ended(stream: Stream) -> bool:
    """Whether the transfer to the provider was given up for good."""
    expired = stream.latest(BlockchainTransferExpired)
    return stream.has(BlockchainTransferFailed) or (expired is not None and expired.final)


def _explanation(payout: Payout, chosen: str) -> str:
    """Every candidate with what it would pay and its score, every rejection with its reason."""
    offers = [
        f"{offer.provider}: {AssetAmount.of(offer.fiat_amount, offer.fiat_currency)}, "
        f"score {offer.score / 10_000:.1f} of 100"
        for offer in payout.offers
    ]
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in payout.rejected]
    return f"chosen {chosen}; " + "; ".join((*offers, *rejections))


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ProviderAttemptFailed: on_offers,
    PayoutRequoted: on_offers,
    OffRampProviderSelected: on_selected,
    PayoutOpened: on_opened,
    BlockchainTransferFailed: on_not_sent,
    **leg_reactions(GENERAL),
    BlockchainTransferExpired: on_transfer_expired,
    UserChoiceMade: on_choice_made,
    CancellationRequested: on_cancellation,
}
