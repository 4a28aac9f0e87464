"""What is held for a network's own fees, where the user pays them: raised by what they agree to pay
more, taken transaction by transaction, as the chain shows it, and free again with the flow's own hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.contracts.envelope import Event
from domain.contracts.events import ReservedBalanceCaptured
from domain.contracts.gas import Gas
from domain.contracts.swap_events import (
    BlockchainApprovalConfirmed,
    InvestedBalanceReserved,
    gas_of_approvals,
)
from domain.contracts.terms_events import (
    GasReservationRaised,
    GasReservationRejected,
    GasReservationRequested,
)
from domain.shared.accounts import chain, invested
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.stream import Stream
from domain.shared.unit import Account, HoldKind, HoldPlaced, HoldSettled, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class GasHold:
    """`left` (base units) of it is still held."""

    id: HoldId
    account: Account
    left: int


def place(stream: Stream, gas: Gas, *, raise_number: int = 0) -> tuple[HoldId, Decision]:
    """Holds all that the network may take, or what that was raised by the nth time."""
    account = invested(stream.wallet_id, ASSETS[gas.asset])
    hold_id = HoldId(derived(stream.id, "hold", "gas", *((raise_number,) if raise_number else ())))
    placed = HoldPlaced(
        id=hold_id, account=account, kind=HoldKind.HARD, part="gas", amount=gas.amount
    )
    rows = Decision(holds_placed=(placed,), postings=(Posting(account=account, held=gas.amount),))
    return hold_id, rows


def on_more_wanted(stream: Stream, event: Event, facts: Facts) -> Decision:
    """Holds what the user agreed to pay the network more, or says that the balance is too small."""
    match event.data:
        case GasReservationRequested() if facts.rejection is not None:
            return Decision(events=(GasReservationRejected(code="TXN_GAS_SHORT"),))
        case GasReservationRequested(gas=gas):
            number = stream.count(GasReservationRaised) + 1
            hold_id, rows = place(stream, gas, raise_number=number)
            return Decision(events=(GasReservationRaised(hold_id=hold_id, gas=gas),)) + rows
        case _:
            return NOTHING


def on_approved(stream: Stream, event: Event, _facts: Facts) -> Decision:
    """Books what an approval cost; the rest stays held for the swap."""
    holds = _holds(stream, stream.events[: event.sequence - 1])
    match event.data:
        case BlockchainApprovalConfirmed(gas=Gas(asset=asset, amount=paid)) if holds:
            left = ReservedBalanceCaptured(asset=asset, captured=paid, released=0)
            return Decision(events=(left,)) + _settled(holds, spent=paid, frees=False)
        case _:
            return NOTHING


def end(stream: Stream, *taken: Gas | None) -> Decision:
    """Books what the last transaction took, and frees the rest."""
    holds = _holds(stream, stream.events)
    if not holds:
        return NOTHING
    spent = sum(each.amount for each in taken if each is not None)
    return _settled(holds, spent=spent, frees=True)


def _holds(stream: Stream, events: Sequence[Event]) -> tuple[GasHold, ...]:
    """What is held by then, the oldest first: what approvals took was taken of it in that order."""
    reserved = stream.latest(InvestedBalanceReserved)
    if reserved is None or reserved.gas is None or reserved.gas_hold_id is None:
        return ()
    account = invested(stream.wallet_id, ASSETS[reserved.gas.asset])
    raised = (each.data for each in events if isinstance(each.data, GasReservationRaised))
    placed = [(reserved.gas_hold_id, reserved.gas.amount)]
    placed += [(each.hold_id, each.gas.amount) for each in raised]
    spent = gas_of_approvals(events)
    holds = []
    for hold_id, amount in placed:
        taken = min(spent, amount)
        spent -= taken
        holds.append(GasHold(id=hold_id, account=account, left=amount - taken))
    return tuple(holds)


def _settled(holds: Sequence[GasHold], *, spent: int, frees: bool) -> Decision:
    """What was `spent` is taken of the oldest first; what is left of all is free again, or stays."""
    account, settled, unpaid = holds[0].account, [], spent
    for hold in holds:
        captured = min(unpaid, hold.left)
        unpaid -= captured
        ended = HoldSettled(
            id=hold.id,
            account=account,
            kind=HoldKind.HARD,
            captured=captured,
            released=hold.left - captured if frees else 0,
        )
        settled += [ended] if ended.captured + ended.released else []
    ends = sum(each.captured + each.released for each in settled)
    return Decision(
        holds_settled=tuple(settled),
        postings=(
            Posting(account=account, held=-ends, posted=-spent),
            *((Posting(account=chain(ASSETS[account.asset]), posted=spent),) if spent else ()),
        ),
    )
