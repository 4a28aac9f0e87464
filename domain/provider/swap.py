"""A swap that a user signs, as a leg of any flow: offered, requested, followed to its target.

The first offer is the best; the next is taken where one cannot be built, never after it was signed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from domain.contracts.deposit_events import ProviderAttemptFailed, RejectedOffer
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    CancellationRequested,
    NetworkCost,
    OperatorRequired,
    OutcomeUnknown,
)
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.swap_events import (
    AssetSwapCompleted,
    AssetSwapRequested,
    BlockchainApprovalConfirmed,
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
    CrossChainDelivered,
    CrossChainDeliveryAwaited,
    CrossChainTransferRecovered,
    SwapOffer,
    SwapTerms,
    gas_of_approvals,
)
from domain.contracts.terms_events import SwapTermsWorsened, gas_raised
from domain.contracts.withdraw_events import DEXProviderSelected
from domain.provider.effects import Claimed, EffectKind, Unknown, request_effect
from domain.provider.leg import GENERAL, NO_EFFECT, cancelled, leg_of, leg_reactions, request_leg
from domain.provider.slippage import best_of_the_worse, keeping, least_promised
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.money import AssetAmount
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState

FIRST_LOOK: Final = timedelta(seconds=2)
"""No bridge delivers sooner."""
LOOK_WHEN_SHORT: Final = timedelta(hours=1)
"""What has arrived is final; how often it is told again until a person has decided."""
TOO_LITTLE: Final = "less has arrived than was promised"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapWanted:
    """What a flow wants swapped, with what it was offered for it; the best first."""

    source: str
    target: str
    amount: int
    slippage_millionths: int
    sender_address: str
    recipient_address: str
    platform_fee: int
    network_cost: NetworkCost
    approval_deadline: datetime
    offers: tuple[SwapOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    is_outward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing has changed; to be asked again at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A chain shows, finally, what the provider sent. `recovered`: back to where it came from."""

    asset: str
    amount: int
    transaction_hash: str
    instruction: int
    account: str
    recovered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """What the provider did is not what was asked: a person has to look. Asked again at `due_at`."""

    reason: str
    due_at: datetime


TrackOutcome = Waiting | Arrived | Stuck | Unknown


def select(stream: Stream, wanted: SwapWanted) -> Decision:
    """The best offer whose provider has not failed; else the best of those that would only bring
    less; without one the leg has failed."""
    offer = _best(stream, wanted.offers) or best_of_the_worse(stream, wanted.offers)
    if offer is None:
        last = stream.known(ProviderAttemptFailed)
        failed = leg_of(stream).failed(code=last.code, reason=last.reason, landed=False)
        return Decision(events=(failed,))
    selected = DEXProviderSelected(
        provider=offer.provider, explanation=_explanation(wanted, offer.provider)
    )
    return Decision(events=(selected,))


Announced = Callable[[SwapTerms], EventPayload]
"""What a flow calls the beginning of its swap."""


def request_swap(
    stream: Stream, wanted: SwapWanted, facts: Facts, *, announced: Announced
) -> Decision:
    """The swap with the provider that was selected."""
    name = stream.known(DEXProviderSelected).provider
    offer = next(each for each in wanted.offers if each.provider == name)
    terms = SwapTerms(
        provider=offer.provider,
        source=wanted.source,
        target=wanted.target,
        amount=wanted.amount,
        target_amount=offer.target_amount,
        target_minimum=least_promised(stream, wanted.offers),
        slippage_millionths=wanted.slippage_millionths,
        sender_address=wanted.sender_address,
        recipient_address=wanted.recipient_address,
        platform_fee=wanted.platform_fee,
        is_outward=wanted.is_outward,
        aside=offer.aside(wanted.source) if wanted.network_cost.gas else None,
    )
    requested = BlockchainSwapRequested(
        effect_id=NO_EFFECT,
        signer_address=wanted.sender_address,
        network_cost=_cost_left(stream, wanted.network_cost),
        approval_deadline=wanted.approval_deadline,
        chain=ASSETS[wanted.source].chain,
        swap=terms,
    )
    return Decision(events=(announced(terms),)) + request_leg(stream, requested, facts)


def request_call(stream: Stream, wanted: SwapWanted, facts: Facts) -> Decision:
    """The swap itself, now that its provider may take what it spends. Its user has as long as for
    what they have signed: a chain may take its time."""
    window = timedelta(seconds=facts.figures.approval_window_seconds)
    again = replace(
        stream.known(BlockchainSwapRequested),
        network_cost=_cost_left(stream, wanted.network_cost),
        approval_deadline=max(wanted.approval_deadline, facts.now + window),
    )
    return request_leg(stream, again, facts)


def _cost_left(stream: Stream, cost: NetworkCost) -> NetworkCost:
    """With what was agreed to since, and without what approvals have taken of it."""
    if cost.gas is None:
        return cost
    left = cost.gas.amount + gas_raised(stream.events) - gas_of_approvals(stream.events)
    return replace(cost, gas=replace(cost.gas, amount=left))


def on_swap_confirmed(stream: Stream, _event: Event, facts: Facts) -> Decision:
    """On one chain it is done; between two it is followed."""
    seen = stream.known(BlockchainSwapConfirmed)
    if seen.received is not None:
        return Decision(events=(_completed(stream, seen.received),))
    return follow(stream, facts)


def follow(stream: Stream, facts: Facts) -> Decision:
    """The provider was paid and is asked until what it owes is there, or back."""
    seen = stream.known(BlockchainSwapConfirmed)
    name = stream.known(BlockchainSwapRequested).swap.provider
    awaited = CrossChainDeliveryAwaited(
        provider=name, source=seen.source, spent=seen.spent, target=seen.target
    )
    track = request_effect(
        stream.id,
        EffectKind.SWAP_TRACK,
        1,
        request={"provider": name},
        due_at=facts.now + FIRST_LOOK,
    )
    return Decision(events=(awaited,), effects_requested=(track,))


def on_delivered(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    return Decision(events=(_completed(stream, stream.known(CrossChainDelivered).amount),))


def is_short(swap: SwapTerms, amount: int) -> bool:
    """Whether so much at somebody else's address is less than its sender was promised. At their own
    it is theirs, however much it is."""
    return swap.is_outward and amount < swap.target_minimum


def needs_person(stream: Stream, outcome: TrackOutcome) -> bool:
    """Whether what became of a delivery is for a person to look at."""
    match outcome:
        case Stuck():
            return True
        case Arrived(recovered=False, amount=amount):
            return is_short(stream.known(BlockchainSwapRequested).swap, amount)
        case _:
            return False


def on_tracked(stream: Stream, effect: Claimed, outcome: TrackOutcome, facts: Facts) -> Decision:
    """What the provider, and the chain where it arrives, say of the delivery now."""
    match outcome:
        case Waiting(due_at=due_at):
            return _again(effect, EffectState.PENDING, due_at)
        case Arrived():
            return _arrived(stream, effect, outcome, facts)
        case Stuck(reason=reason, due_at=due_at):
            return _stuck(stream, effect, reason, due_at)
        case Unknown(due_at=due_at):
            unknown = OutcomeUnknown(effect_id=effect.id, operation="track")
            return _once(stream, unknown) + _again(effect, EffectState.UNKNOWN, due_at)
        case _:
            assert_never(outcome)


def led_swap(
    wanted_of: Callable[[Stream, Facts], SwapWanted],
) -> dict[type[EventPayload], Reaction]:
    """What the provider context does in a flow that is led and has one swap: to its user."""
    return {
        **offered_swap(wanted_of, announced=_swap_requested),
        BlockchainSwapConfirmed: on_swap_confirmed,
        CrossChainDelivered: on_delivered,
    }


def offered_swap(
    wanted_of: Callable[[Stream, Facts], SwapWanted], *, announced: Announced
) -> dict[type[EventPayload], Reaction]:
    """What it does until the swap is on its chain, whatever the flow makes of it then."""

    def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
        match event.data:
            case CommandIssued(command=Command.SELECT_PROVIDER):
                return select(stream, wanted_of(stream, facts))
            case CommandIssued(command=Command.CONVERT):
                return requested(stream, facts)
            case _:
                return NOTHING

    def on_attempt_failed(stream: Stream, _event: Event, facts: Facts) -> Decision:
        return select(stream, wanted_of(stream, facts))

    def on_selected(stream: Stream, _event: Event, facts: Facts) -> Decision:
        """The first time the orchestrator says when to go on; afterwards it goes on at once."""
        is_failover = stream.happened_since(ProviderAttemptFailed, BlockchainSwapRequested)
        return requested(stream, facts) if is_failover else NOTHING

    def on_approved(stream: Stream, _event: Event, facts: Facts) -> Decision:
        return request_call(stream, wanted_of(stream, facts), facts)

    def requested(stream: Stream, facts: Facts) -> Decision:
        if stream.has(CancellationRequested):
            return cancelled(stream)
        return request_swap(stream, wanted_of(stream, facts), facts, announced=announced)

    return {
        **leg_reactions(GENERAL),
        CommandIssued: on_command,
        ProviderAttemptFailed: on_attempt_failed,
        DEXProviderSelected: on_selected,
        BlockchainApprovalConfirmed: on_approved,
        SwapTermsWorsened: keeping(lambda stream, facts: wanted_of(stream, facts).offers),
    }


def _best(stream: Stream, offers: Sequence[SwapOffer]) -> SwapOffer | None:
    failed = {
        event.data.provider
        for event in stream.events
        if isinstance(event.data, ProviderAttemptFailed)
    }
    return next((offer for offer in offers if offer.provider not in failed), None)


def _swap_requested(swap: SwapTerms) -> EventPayload:
    return AssetSwapRequested(
        provider=swap.provider,
        source=swap.source,
        target=swap.target,
        amount=swap.amount,
        target_minimum=swap.target_minimum,
    )


def _completed(stream: Stream, received: int) -> AssetSwapCompleted:
    seen = stream.known(BlockchainSwapConfirmed)
    return AssetSwapCompleted(
        provider=stream.known(BlockchainSwapRequested).swap.provider,
        source=seen.source,
        target=seen.target,
        spent=seen.spent,
        received=received,
    )


def _arrived(stream: Stream, effect: Claimed, seen: Arrived, facts: Facts) -> Decision:
    if needs_person(stream, seen):
        return _stuck(stream, effect, TOO_LITTLE, facts.now + LOOK_WHEN_SHORT)
    kind = CrossChainTransferRecovered if seen.recovered else CrossChainDelivered
    event = kind(
        provider=stream.known(CrossChainDeliveryAwaited).provider,
        asset=seen.asset,
        amount=seen.amount,
        transaction_hash=seen.transaction_hash,
        instruction=seen.instruction,
        account=seen.account,
    )
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    return Decision(events=(event,), effects_moved=(done,))


def _stuck(stream: Stream, effect: Claimed, reason: str, due_at: datetime) -> Decision:
    pending = _again(effect, EffectState.PENDING, due_at)
    return _once(stream, OperatorRequired(reason=reason)) + pending


def _once(stream: Stream, event: EventPayload) -> Decision:
    return NOTHING if stream.has(type(event)) else Decision(events=(event,))


def _again(effect: Claimed, state: EffectState, due_at: datetime) -> Decision:
    moved = EffectMoved(id=effect.id, state=state, epoch=effect.epoch, due_at=due_at)
    return Decision(effects_moved=(moved,))


def _explanation(wanted: SwapWanted, chosen: str) -> str:
    """Every candidate with what it would bring and its score, every rejection with its reason."""
    offers = [
        f"{offer.provider}: {AssetAmount.of(offer.target_amount, offer.target)} "
        f"over {' and '.join(offer.route)}, score {offer.score / 10_000:.1f} of 100"
        for offer in wanted.offers
    ]
    rejections = [f"{each.provider}: not possible ({each.reason})" for each in wanted.rejected]
    return f"chosen {chosen}; " + "; ".join((*offers, *rejections))
