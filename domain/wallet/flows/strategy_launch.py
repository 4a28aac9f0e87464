"""The wallet holds USDC for a strategy and opens the position, as the orchestrator tells it to."""

from datetime import timedelta

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.strategies import terms_in
from domain.contracts.strategy_events import (
    BlockchainCallConfirmed,
    StrategyBalanceUpdated,
    StrategyLaunchInitiated,
)
from domain.shared.accounts import available, fees, strategy
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import Posting
from domain.wallet.fee_due import collect_due
from domain.wallet.protocol import call_claims
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.transfer import network_fee, release, reservation_of, reserve


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.RESERVE):
            return _reserved(stream, facts)
        case CommandIssued(command=Command.BOOK):
            return _opened(stream, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return release(stream, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    amount = stream.known(StrategyLaunchInitiated).amount
    return hold_for_review(stream, facts, available(stream.wallet_id), amount)


def _reserved(stream: Stream, facts: Facts) -> Decision:
    launch = stream.known(StrategyLaunchInitiated)
    fees_part = launch.network_cost.total_base_units
    return reserve(stream, facts, amount=launch.amount, fees=fees_part)


def _opened(stream: Stream, facts: Facts) -> Decision:
    terms = terms_in(stream)
    seen = stream.known(BlockchainCallConfirmed)
    held, principal = reservation_of(stream), -seen.moved
    taken = principal + seen.own_fee
    lock = timedelta(seconds=terms.lock_seconds)
    updated = StrategyBalanceUpdated(
        position_id=stream.id,
        provider=terms.provider,
        offer_id=terms.offer_id,
        name=terms.name,
        principal=principal,
        shares=seen.shares,
        locked_until=facts.now + lock if lock else None,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    booked = Decision(
        events=(updated,),
        holds_settled=held.settled(captured=min(taken, held.total)),
        postings=(
            held.posting(held=-held.total, posted=-taken),
            Posting(account=strategy(stream.wallet_id, str(stream.id)), posted=principal),
            *((Posting(account=fees(USDC), posted=seen.own_fee),) if seen.own_fee else ()),
            *network_fee(seen.lamports_spent),
        ),
        claims=call_claims(seen),
    )
    return booked + collect_due(stream, seen)


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
}
