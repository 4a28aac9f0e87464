"""The wallet holds a position and books what it brings, as the orchestrator tells it to."""

from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationReleased,
    CancellationRequested,
    ComplianceBlocked,
)
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.strategy_events import (
    BlockchainCallConfirmed,
    PositionReserved,
    StrategyStopInitiated,
)
from domain.contracts.transfer_events import TransferFailed
from domain.shared.accounts import available, chain, fees, strategy, strategy_pnl
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import Account, HoldKind, HoldPlaced, HoldSettled, Posting
from domain.wallet.claims import Claimant, claimant
from domain.wallet.fee_due import collect_due, hold_due, release_due
from domain.wallet.protocol import call_claims
from domain.wallet.review import on_blocked, reject
from domain.wallet.transfer import network_fee


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.RESERVE):
            return _reserved(stream, facts)
        case CommandIssued(command=Command.BOOK):
            return _booked(stream, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return _released(stream, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def _position(stream: Stream) -> Account:
    stop = stream.known(StrategyStopInitiated)
    return strategy(stream.wallet_id, str(stop.position_id))


def _reserved(stream: Stream, facts: Facts) -> Decision:
    if stream.has(CancellationRequested):
        return reject(stream, "TXN_CANCELLED")
    if facts.rejection is not None:
        # Another stop holds it, or has closed it.
        return reject(stream, "TXN_POSITION_CLOSED")
    stop = stream.known(StrategyStopInitiated)
    reserved = PositionReserved(
        position_hold_id=HoldId(derived(stream.id, "hold", "position")),
        principal=stop.principal,
        credit_hold_id=HoldId(derived(stream.id, "hold", "credit")),
        expected=stop.value - stop.platform_fee - stop.network_cost.total_base_units,
    )
    held = Decision(
        events=(reserved,),
        holds_placed=(
            HoldPlaced(
                id=reserved.position_hold_id,
                account=_position(stream),
                kind=HoldKind.HARD,
                part="position",
                amount=reserved.principal,
            ),
            HoldPlaced(
                id=reserved.credit_hold_id,
                account=available(stream.wallet_id),
                kind=HoldKind.INCOMING,
                part="credit",
                amount=reserved.expected,
            ),
        ),
        postings=(
            Posting(account=_position(stream), held=reserved.principal),
            Posting(account=available(stream.wallet_id), incoming=reserved.expected),
        ),
    )
    return hold_due(stream, facts) + held


def _booked(stream: Stream, facts: Facts) -> Decision:
    """Principal out, proceeds in: the difference is what the position earned or lost. Where the
    watcher for unannounced money was faster, it has booked them less all that was paid."""
    seen = stream.known(BlockchainCallConfirmed)
    reserved = stream.known(PositionReserved)
    claims = call_claims(seen)
    by = claimant(stream, facts, claims[0], USDC.symbol, stream.wallet_id)
    is_credited = by is Claimant.WATCHER
    credited = seen.moved - seen.own_fee
    watched = seen.moved - seen.fee_amount if is_credited else 0
    gain = seen.moved - reserved.principal
    updated = AvailableBalanceUpdated(
        asset=USDC.symbol,
        credited=credited,
        fee_due=0,
        difference=credited - reserved.expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    own = Posting(
        account=available(stream.wallet_id),
        posted=credited - watched,
        incoming=-reserved.expected,
    )
    beyond = (Posting(account=chain(USDC), posted=watched),) if watched else ()
    booked = Decision(
        events=(updated,),
        holds_settled=_settled(stream, captured=True),
        postings=(
            Posting(
                account=_position(stream), posted=-reserved.principal, held=-reserved.principal
            ),
            own,
            *beyond,
            *((Posting(account=fees(USDC), posted=seen.own_fee),) if seen.own_fee else ()),
            *((Posting(account=strategy_pnl(), posted=-gain),) if gain else ()),
            *network_fee(seen.lamports_spent),
        ),
        claims=() if is_credited else claims,
    )
    return booked + collect_due(stream, seen)


def _released(stream: Stream, *, reason: str) -> Decision:
    reserved = stream.known(PositionReserved)
    failed = stream.latest(TransferFailed)
    released = BalanceReservationReleased(released=reserved.principal, reason=reason)
    return release_due(stream) + Decision(
        events=(released,),
        holds_settled=_settled(stream, captured=False),
        postings=(
            Posting(account=_position(stream), held=-reserved.principal),
            Posting(account=available(stream.wallet_id), incoming=-reserved.expected),
            *(network_fee(failed.lamports_spent) if failed else ()),
        ),
    )


def _settled(stream: Stream, *, captured: bool) -> tuple[HoldSettled, ...]:
    reserved = stream.known(PositionReserved)
    ends = (
        (reserved.position_hold_id, _position(stream), HoldKind.HARD, reserved.principal),
        (
            reserved.credit_hold_id,
            available(stream.wallet_id),
            HoldKind.INCOMING,
            reserved.expected,
        ),
    )
    return tuple(
        HoldSettled(
            id=hold_id,
            account=account,
            kind=kind,
            captured=amount if captured else 0,
            released=0 if captured else amount,
        )
        for hold_id, account, kind, amount in ends
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceBlocked: on_blocked,
}
