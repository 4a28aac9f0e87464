"""The provider context pays a bank through an off-ramp as the orchestrator tells it to."""

from datetime import timedelta
from typing import Final

from domain.contracts.choice_events import UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import CancellationRequested
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.payout_events import (
    OffRampProviderSelected,
    PayoutOffer,
    PayoutOpened,
    USDCToFiatConversionRequested,
)
from domain.contracts.terms_events import PaymentTermsWorsened
from domain.contracts.transfer_events import (
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    TransferWanted,
)
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.provider.confirmations import CONFIRM_SLIPPAGE, ask_to_confirm, is_agreed
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
from domain.provider.payouts import bank_of, offer_of
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount, share_rounded_down
from domain.shared.saga import Reaction
from domain.shared.stream import Stream

FIRST_LOOK = timedelta(seconds=2)
"""The provider tells sooner by itself that the USDC has come; a bank takes hours."""
MILLION: Final = 1_000_000


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


def on_attempt_failed(stream: Stream, _event: Event, facts: Facts) -> Decision:
    return _selected(stream, facts)


def on_choice_made(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Whether less than was shown will do is asked before anything is to be signed."""
    made = event.data
    is_of_payout = isinstance(made, UserChoiceMade) and is_agreed(made, CONFIRM_SLIPPAGE)
    return _selected(stream, facts) if is_of_payout else on_choice(stream, event, facts)


def on_selected(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """The first time the orchestrator says when to go on; afterwards it goes on at once."""
    is_failover = stream.happened_since(ProviderAttemptFailed, USDCToFiatConversionRequested)
    return _open(stream, facts) if is_failover else NOTHING


def on_transfer_expired(stream: Stream, event: Event, facts: Facts) -> Decision:
    return on_leg_expired(stream, event, facts) + on_not_sent(stream, event, facts)


def delivered_amount(stream: Stream) -> int:
    """What the provider is sent, in USDC base units."""
    withdraw = stream.known(WithdrawTransactionInitiated)
    return withdraw.amount - withdraw.platform_fee - withdraw.network_cost.total_base_units


def _selected(stream: Stream, facts: Facts) -> Decision:
    """The best offer whose provider has not failed; without one the payout has failed. For much less
    than was shown its user is asked."""
    failed = {
        event.data.provider
        for event in stream.events
        if isinstance(event.data, ProviderAttemptFailed)
    }
    offers = bank_of(stream).offers
    offer = next((each for each in offers if each.provider not in failed), None)
    if offer is None:
        last = stream.known(ProviderAttemptFailed)
        gone = leg_of(stream).failed(code=last.code, reason=last.reason, landed=False)
        return Decision(events=(gone,))
    if _is_less(offer, offers[0], facts) and not _is_agreed(stream, offer):
        return _ask_for_less(stream, facts, offer, offers[0])
    selected = OffRampProviderSelected(
        provider=offer.provider, explanation=_explanation(stream, offer)
    )
    return Decision(events=(selected,))


def _is_less(offer: PayoutOffer, shown: PayoutOffer, facts: Facts) -> bool:
    kept = MILLION - facts.figures.payment_slippage_millionths
    return offer.fiat_amount < share_rounded_down(shown.fiat_amount, millionths=kept)


def _is_agreed(stream: Stream, offer: PayoutOffer) -> bool:
    """Whether the user has said yes to just this since it was shown to them."""
    told = stream.latest(PaymentTermsWorsened)
    made = stream.latest(UserChoiceMade)
    if told is None or made is None or told.provider != offer.provider:
        return False
    return stream.happened_since(UserChoiceMade, PaymentTermsWorsened) and is_agreed(
        made, CONFIRM_SLIPPAGE
    )


def _ask_for_less(stream: Stream, facts: Facts, offer: PayoutOffer, shown: PayoutOffer) -> Decision:
    currency = offer.fiat_currency
    worsened = PaymentTermsWorsened(
        provider=offer.provider,
        asset=currency,
        expected=shown.fiat_amount,
        offered=offer.fiat_amount,
    )
    offered = AssetAmount.of(offer.fiat_amount, currency)
    asked = ask_to_confirm(
        stream,
        facts,
        action=CONFIRM_SLIPPAGE,
        summary=f"{shown.provider} cannot pay: {offer.provider} would pay about {offered}, where "
        f"{AssetAmount.of(shown.fiat_amount, currency)} was shown",
        accept=f"Go on for about {offered}",
    )
    return Decision(events=(worsened,)) + asked


def _open(stream: Stream, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return cancelled(stream)
    offer = offer_of(stream)
    opening = request_effect(
        stream.id,
        EffectKind.PAYOUT_OPEN,
        stream.count(USDCToFiatConversionRequested) + 1,
        request={"provider": offer.provider},
        due_at=facts.now,
    )
    requested = USDCToFiatConversionRequested(
        provider=offer.provider, effect_id=opening.id, amount=delivered_amount(stream)
    )
    return Decision(events=(requested,), effects_requested=(opening,))


def _transfer(stream: Stream, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return cancelled(stream)
    withdraw, opened = stream.known(WithdrawTransactionInitiated), stream.known(PayoutOpened)
    wanted = TransferWanted(
        sender_address=withdraw.sender_address,
        recipient_address=opened.deposit_address,
        recipient_name=f"{opened.provider} for {bank_of(stream).label}",
        amount=withdraw.amount,
        platform_fee=withdraw.platform_fee,
        memo=None,
        delivered=opened.amount,
    )
    return request_transfer(
        stream,
        facts,
        wanted,
        network_cost=withdraw.network_cost,
        approval_deadline=approval_deadline(stream, facts, withdraw.approval_deadline),
    )


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
    if not stream.happened_since(PayoutOpened, OffRampProviderSelected) or not has_ended(stream):
        return NOTHING
    opened = stream.known(PayoutOpened)
    cancel = request_effect(
        stream.id,
        EffectKind.PAYOUT_CANCEL,
        1,
        request={"provider": opened.provider, "reference": opened.reference},
        due_at=facts.now,
    )
    return Decision(effects_requested=(cancel,))


def has_ended(stream: Stream) -> bool:
    """Whether the transfer to the provider was given up for good."""
    expired = stream.latest(BlockchainTransferExpired)
    return stream.has(BlockchainTransferFailed) or (expired is not None and expired.final)


def _explanation(stream: Stream, chosen: PayoutOffer) -> str:
    """Every candidate with what it would pay and its score, every rejection with its reason."""
    bank = bank_of(stream)
    offers = [
        f"{offer.provider}: {AssetAmount.of(offer.fiat_amount, offer.fiat_currency)}, "
        f"score {offer.score / 10_000:.1f} of 100"
        for offer in bank.offers
    ]
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in bank.rejected]
    return f"chosen {chosen.provider}; " + "; ".join((*offers, *rejections))


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ProviderAttemptFailed: on_attempt_failed,
    OffRampProviderSelected: on_selected,
    BlockchainTransferFailed: on_not_sent,
    **leg_reactions(GENERAL),
    BlockchainTransferExpired: on_transfer_expired,
    UserChoiceMade: on_choice_made,
}
