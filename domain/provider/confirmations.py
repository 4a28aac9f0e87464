"""Terms that changed before anything was signed: the user goes on by the new ones, or stops.

Nothing has happened by then, so a no, a cancellation and the time that passes all end it, and let
the hold go.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final, assert_never

from domain.contracts.choice_events import ChoiceOption, UserChoiceMade
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas
from domain.contracts.strategy_events import BlockchainCallRequested
from domain.contracts.swap_events import BlockchainSwapRequested, SwapTerms
from domain.contracts.terms_events import (
    NetworkCostRose,
    PositionTermsWorsened,
    SwapTermsWorsened,
)
from domain.contracts.transfer_events import LegRequested
from domain.provider.choices import ask_choice
from domain.provider.effects import LessOffered, MoreCharged, TermsChanged, WorthLess
from domain.shared.assets import USDC
from domain.shared.decision import Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream

CONFIRM_SLIPPAGE: Final = "CONFIRM_SLIPPAGE"
CONFIRM_NETWORK_FEE: Final = "CONFIRM_NETWORK_FEE"
ACCEPT: Final = "ACCEPT"
REJECT: Final = "REJECT"
_REJECT: Final = ChoiceOption(name=REJECT, summary="Stop here: nothing moves")


def terms_changed(stream: Stream, told: TermsChanged) -> EventPayload:
    """What cannot be had any more, and what can instead."""
    match told:
        case MoreCharged(network_cost=asked):
            return NetworkCostRose(shown=stream.known(LegRequested).network_cost, asked=asked)
        case WorthLess(value=value):
            call = stream.known(BlockchainCallRequested).call
            return PositionTermsWorsened(provider=call.provider, promised=call.value, offered=value)
        case LessOffered():
            swap = stream.known(BlockchainSwapRequested).swap
            return SwapTermsWorsened(
                provider=swap.provider,
                target=swap.target,
                promised=swap.target_minimum,
                target_amount=told.target_amount,
                target_minimum=told.target_minimum,
            )
        case _:
            assert_never(told)


def on_cost_rose(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """Whoever builds it, the network asks the same: its user is asked at once."""
    told = stream.known(NetworkCostRose)
    asked, shown = _paid(told.asked), _paid(told.shown)
    verb = "asks" if told.asked.gas is None else "may take up to"
    most = "" if told.asked.gas is None else " at most"
    return ask_to_confirm(
        stream,
        facts,
        action=CONFIRM_NETWORK_FEE,
        summary=f"The network has become dearer: it {verb} {asked}, where {shown} was shown",
        accept=f"Go on and pay {asked}{most} for the network",
    )


def more_gas(stream: Stream) -> Gas | None:
    """What has to be held beside what is, where users pay the network in its own asset."""
    told = stream.known(NetworkCostRose)
    asked, shown = told.asked.gas, told.shown.gas
    if asked is None or shown is None:
        return None
    return Gas(asset=asked.asset, amount=asked.amount - shown.amount)


def with_agreed_cost(stream: Stream, requested: LegRequested) -> LegRequested:
    """What is built now that the user has agreed to pay the network more: what it takes is taken
    out of what was to be moved, as it was before; in its own asset it is held beside it."""
    asked = stream.known(NetworkCostRose).asked
    more = asked.total_base_units - requested.network_cost.total_base_units
    if isinstance(requested, BlockchainSwapRequested):
        requested = replace(requested, swap=_smaller(requested.swap, more))
    elif isinstance(requested, BlockchainCallRequested) and requested.call.amount:
        call = replace(requested.call, amount=requested.call.amount - more)
        requested = replace(requested, call=call)
    return replace(requested, network_cost=asked)


def is_agreed(made: UserChoiceMade, action: str) -> bool:
    """Whether the user said yes to that."""
    return made.action == action and made.option == ACCEPT


def ask_to_confirm(
    stream: Stream, facts: Facts, *, action: str, summary: str, accept: str
) -> Decision:
    """Shows the old terms and the new (`summary`), and what saying yes does (`accept`)."""
    return ask_choice(
        stream,
        facts,
        action=action,
        summary=summary,
        options=(ChoiceOption(name=ACCEPT, summary=accept), _REJECT),
        expires_at=facts.now + timedelta(seconds=facts.figures.confirmation_seconds),
    )


def _smaller(swap: SwapTerms, less: int) -> SwapTerms:
    """The same swap of so much less, at the price that was promised. Of what is sold for USDC the
    network is paid out of what arrives."""
    if swap.source != USDC.symbol:
        return swap
    amount = swap.amount - less
    return replace(
        swap,
        amount=amount,
        target_amount=swap.target_amount * amount // swap.amount,
        target_minimum=swap.target_minimum * amount // swap.amount,
    )


def _paid(cost: NetworkCost) -> AssetAmount:
    """What a user pays of it, in the asset in which they do."""
    if cost.gas is not None:
        return AssetAmount.of(cost.gas.amount, cost.gas.asset)
    return AssetAmount.of(cost.total_base_units, USDC.symbol)
