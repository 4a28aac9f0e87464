"""What a user owes the platform from earlier, and pays with the next transaction that they sign.

It is out of Available since it is owed, and still at the user's address: it has a hold of its own,
so that of two transactions at once one alone collects it, and the hold ends with the booking or
the failure of the one that has it. Of an unknown outcome it stays.
"""

from typing import Final

from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    FeeDueReserved,
    FeeDueSettled,
)
from domain.contracts.flows import FlowName
from domain.contracts.strategy_events import PositionReserved
from domain.contracts.swap_events import InvestedBalanceReserved
from domain.contracts.transfer_events import LegConfirmed
from domain.shared.accounts import fee_due, fees
from domain.shared.assets import USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.stream import Stream
from domain.shared.unit import HoldKind, HoldPlaced, HoldSettled, Posting

UNSIGNED: Final = frozenset({None, FlowName.DEPOSIT, FlowName.BUY_WITH_PAYMENT})
"""Flows in which the user signs nothing, and streams that are no transaction."""


def may_collect(stream: Stream) -> bool:
    """Whether the stream begins, or may still come to hold what is owed: asked before it is read."""
    if stream.events and stream.flow in UNSIGNED:
        return False
    return not stream.has(
        AvailableBalanceReserved,
        InvestedBalanceReserved,
        PositionReserved,
        BalanceReservationRejected,
    )


def hold_due(stream: Stream, facts: Facts) -> Decision:
    """Holds all that is owed, to be paid with what the user is about to sign on Solana."""
    if not facts.fee_due:
        return NOTHING
    account = fee_due(stream.wallet_id)
    hold_id = HoldId(derived(stream.id, "hold", "fee_due"))
    placed = HoldPlaced(
        id=hold_id, account=account, kind=HoldKind.HARD, part="fee_due", amount=facts.fee_due
    )
    return Decision(
        events=(FeeDueReserved(hold_id=hold_id, amount=facts.fee_due),),
        holds_placed=(placed,),
        postings=(Posting(account=account, held=facts.fee_due),),
    )


def collect_due(stream: Stream, seen: LegConfirmed) -> Decision:
    """Books what the chain shows of it with the leg that carried it; what is left is owed on."""
    return _settled(stream, collected=seen.fee_due)


def release_due(stream: Stream) -> Decision:
    """It is owed as before: nothing was paid, for certain."""
    return _settled(stream, collected=0)


def _settled(stream: Stream, *, collected: int) -> Decision:
    held = stream.latest(FeeDueReserved)
    if held is None or stream.has(FeeDueSettled):
        return NOTHING
    account = fee_due(stream.wallet_id)
    settled = FeeDueSettled(
        hold_id=held.hold_id, collected=collected, released=held.amount - collected
    )
    paid = (Posting(account=fees(USDC), posted=collected),) if collected else ()
    return Decision(
        events=(settled,),
        holds_settled=(
            HoldSettled(
                id=held.hold_id,
                account=account,
                kind=HoldKind.HARD,
                captured=collected,
                released=settled.released,
            ),
        ),
        postings=(Posting(account=account, posted=-collected, held=-held.amount), *paid),
    )
