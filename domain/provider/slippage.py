"""A swap or a redemption that would bring less than its user was promised: who keeps the promise is
asked first, then the user, who says whether the new terms will do. It never goes on by them silently.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from domain.contracts.choice_events import UserChoiceMade
from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import Event
from domain.contracts.strategy_events import BlockchainCallRequested, ProtocolCall
from domain.contracts.swap_events import BlockchainSwapRequested, SwapOffer, SwapTerms
from domain.contracts.terms_events import PositionTermsWorsened, SwapTermsWorsened
from domain.contracts.transfer_events import BlockchainTransferFailed, LegRequested
from domain.provider.confirmations import CONFIRM_SLIPPAGE, ask_to_confirm, is_agreed
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.figures import Figures
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream

PRICE_MOVED: Final = "PRV_PRICE_MOVED"


def least_promised(stream: Stream, offers: Sequence[SwapOffer]) -> int:
    """What the user was shown as the least, or has agreed to since: whoever swaps keeps to it."""
    accepted = accepted_terms(stream)
    return accepted.target_minimum if accepted else offers[0].target_minimum


def accepted_terms(stream: Stream) -> SwapTermsWorsened | None:
    """The worse terms that the user agreed to last, if they did."""
    said_yes = False
    for event in reversed(stream.events):
        if isinstance(event.data, UserChoiceMade):
            said_yes = said_yes or is_agreed(event.data, CONFIRM_SLIPPAGE)
        elif said_yes and isinstance(event.data, SwapTermsWorsened):
            return event.data
    return None


def best_of_the_worse(stream: Stream, offers: Sequence[SwapOffer]) -> SwapOffer | None:
    """The offer of who would still bring the most, of those that did not keep the promise and have
    not failed otherwise; the first of equal ones."""
    worse = _worse(stream)
    left = [offer for offer in offers if offer.provider in worse]
    return max(left, key=lambda offer: worse[offer.provider].target_minimum, default=None)


def keeping(offers_of: Callable[[Stream, Facts], Sequence[SwapOffer]]) -> Reaction:
    """What follows in a flow with these offers when a provider does not keep its promise."""

    def on_worsened(stream: Stream, _event: Event, facts: Facts) -> Decision:
        told, offers = stream.known(SwapTermsWorsened), offers_of(stream, facts)
        worse = _worse(stream)
        tried = _failed(stream) | worse.keys()
        others = any(offer.provider not in tried for offer in offers)
        # Who was better is asked once more, whose terms are older; then the user is.
        best = max(each.target_minimum for each in worse.values())
        is_better_known = best > told.target_minimum
        if others or (is_better_known and stream.count(SwapTermsWorsened) <= len(offers)):
            moved_on = ProviderAttemptFailed(
                provider=told.provider, code=PRICE_MOVED, reason="less than was promised"
            )
            return Decision(events=(moved_on,))
        return ask_to_confirm(
            stream, facts, action=CONFIRM_SLIPPAGE, summary=_summary(told), accept=_accept(told)
        )

    return on_worsened


def on_position_worsened(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Nobody else holds the position: its user is asked at once, where anything would be left."""
    told, requested = stream.known(PositionTermsWorsened), stream.known(BlockchainCallRequested)
    fee = _redeemed(requested.call, told.offered, facts.figures).platform_fee
    left = told.offered - fee - requested.network_cost.total_base_units
    if left <= 0:
        reason = "the position is worth no more than its fees"
        failed = BlockchainTransferFailed(
            code="TXN_FEES_EXCEED_AMOUNT", reason=reason, landed=False
        )
        return Decision(events=(failed,))
    shown, offered = _usdc(told.promised), _usdc(told.offered)
    return ask_to_confirm(
        stream,
        facts,
        action=CONFIRM_SLIPPAGE,
        summary=f"The position has lost value: {told.provider} would give about {offered} for it, "
        f"where {shown} was shown; {_usdc(left)} of it would arrive",
        accept=f"Close it for about {offered}",
    )


def with_agreed_terms(stream: Stream, requested: LegRequested, facts: Facts) -> LegRequested:
    """What is built now that the user has agreed to less."""
    if isinstance(requested, BlockchainCallRequested):
        offered = stream.known(PositionTermsWorsened).offered
        return replace(requested, call=_redeemed(requested.call, offered, facts.figures))
    terms = accepted_terms(stream)
    if terms is None or not isinstance(requested, BlockchainSwapRequested):
        return requested
    return replace(requested, swap=_agreed(requested.swap, terms, facts.figures))


def _agreed(swap: SwapTerms, terms: SwapTermsWorsened, figures: Figures) -> SwapTerms:
    """The swap by the terms that the user agreed to."""
    fee = _fee_of_less(
        swap.platform_fee,
        terms.target_minimum,
        of=swap.target_minimum,
        least=figures.sell_fee_minimum,
    )
    return replace(
        swap,
        target_amount=terms.target_amount,
        target_minimum=terms.target_minimum,
        platform_fee=fee,
    )


def _redeemed(call: ProtocolCall, value: int, figures: Figures) -> ProtocolCall:
    """The redemption of what is worth so much now."""
    fee = _fee_of_less(
        call.platform_fee, value, of=call.value, least=figures.strategy_stop_fee_minimum
    )
    return replace(call, value=value, platform_fee=fee)


def _fee_of_less(fee: int, left: int, *, of: int, least: int) -> int:
    """The platform's share shrinks with what it is a share of, to its minimum at most."""
    return max(fee * left // max(1, of), min(fee, least))


def _worse(stream: Stream) -> dict[str, SwapTermsWorsened]:
    """The last word of each provider that did not keep the promise, but for those that then failed
    for another reason."""
    found: dict[str, SwapTermsWorsened] = {}
    for event in stream.events:
        data = event.data
        if isinstance(data, SwapTermsWorsened):
            found[data.provider] = data
        elif isinstance(data, ProviderAttemptFailed) and data.code != PRICE_MOVED:
            found.pop(data.provider, None)
    return found


def _failed(stream: Stream) -> set[str]:
    return {
        event.data.provider
        for event in stream.events
        if isinstance(event.data, ProviderAttemptFailed)
    }


def _summary(told: SwapTermsWorsened) -> str:
    shown = AssetAmount.of(told.promised, told.target)
    least = AssetAmount.of(told.target_minimum, told.target)
    expected = AssetAmount.of(told.target_amount, told.target)
    return (
        f"The price has moved: {told.provider} would bring about {expected}, at least {least}, "
        f"where at least {shown} was shown"
    )


def _usdc(base_units: int) -> AssetAmount:
    return AssetAmount.of(base_units, USDC.symbol)


def _accept(told: SwapTermsWorsened) -> str:
    return f"Go on for at least {AssetAmount.of(told.target_minimum, told.target)}"
