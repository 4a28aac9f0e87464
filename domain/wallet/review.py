"""What is held softly while a person of compliance decides: it still shows, and is spent by nothing
else. Cleared, the flow's own hold takes its place in the same commit; refused, it is free again."""

from domain.contracts.envelope import Event
from domain.contracts.events import (
    BalanceHeldForReview,
    BalanceReservationRejected,
    BalanceReservationReleased,
    ComplianceBlocked,
)
from domain.shared.accounts import available
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import HoldId, derived
from domain.shared.stream import Stream
from domain.shared.unit import Account, HoldKind, HoldPlaced, HoldSettled, Posting


def hold_for_review(stream: Stream, facts: Facts, account: Account, amount: int) -> Decision:
    """Holds `amount` (base units) softly and leaves the reserve for fees free, or says that the
    balance does not cover it. Nothing, where the decision was faster."""
    if stream.has(ComplianceBlocked):
        return NOTHING
    if facts.rejection is not None:
        return Decision(events=(BalanceReservationRejected(code="TXN_INSUFFICIENT_BALANCE"),))
    hold_id = HoldId(derived(stream.id, "hold", "review"))
    is_available = account.code == available(stream.wallet_id).code
    leaves = facts.figures.fee_reserve if is_available else 0
    return Decision(
        events=(
            BalanceHeldForReview(
                hold_id=hold_id, account=account.code, asset=account.asset, amount=amount
            ),
        ),
        holds_placed=(
            HoldPlaced(
                id=hold_id, account=account, kind=HoldKind.SOFT, part="review", amount=amount
            ),
        ),
        postings=(Posting(account=account, soft=amount, leaves=leaves),),
    )


def review_ended(stream: Stream) -> Decision:
    """The soft hold's rows end; nothing, where there is none."""
    held = stream.latest(BalanceHeldForReview)
    if held is None or stream.happened_since(BalanceReservationReleased, BalanceHeldForReview):
        return NOTHING
    account = Account(held.account, held.asset, stream.wallet_id, floor=0)
    return Decision(
        holds_settled=(
            HoldSettled(id=held.hold_id, account=account, kind=HoldKind.SOFT, released=held.amount),
        ),
        postings=(Posting(account=account, soft=-held.amount),),
    )


def reject(stream: Stream, code: str) -> Decision:
    """The flow's own hold is not placed; what was held softly for it is free again."""
    rejected = Decision(events=(BalanceReservationRejected(code=code),))
    return rejected + review_ended(stream)


def on_blocked(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    """Frees what was held softly."""
    held = stream.latest(BalanceHeldForReview)
    if held is None:
        return NOTHING
    released = BalanceReservationReleased(
        released=held.amount, reason=stream.known(ComplianceBlocked).code
    )
    return Decision(events=(released,)) + review_ended(stream)
