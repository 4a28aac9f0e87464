"""The wallet holds, books and takes back for a Withdraw to a bank as the orchestrator tells it to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    BalanceReservationReleased,
    ComplianceBlocked,
    ComplianceReviewRequired,
)
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.payout_events import PayoutOpened, PayoutReturned
from domain.contracts.transfer_events import BlockchainConfirmationReceived, TransferConfirmed
from domain.contracts.withdraw_events import WithdrawTransactionInitiated
from domain.shared.accounts import available, chain, provider
from domain.shared.assets import USDC, Chain
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting
from domain.wallet.claims import Claimant, claimant, taken
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.transfer import book_to, release, reservation_of, reserve


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.RESERVE):
            return _reserved(stream, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return _undone(stream, facts, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    amount = stream.known(WithdrawTransactionInitiated).amount
    return hold_for_review(stream, facts, available(stream.wallet_id), amount)


def on_sent(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    """The provider has what was sent, until it has paid or given it back."""
    name = stream.known(PayoutOpened).provider
    booking = book_to(stream, provider(name, USDC.symbol))
    told = reservation_of(stream).left(captured=booking.debited)
    return Decision(events=(told,)) + booking.rows


def _reserved(stream: Stream, facts: Facts) -> Decision:
    withdraw = stream.known(WithdrawTransactionInitiated)
    fees = withdraw.platform_fee + withdraw.network_cost.total_base_units
    return reserve(stream, facts, amount=withdraw.amount, fees=fees)


def _undone(stream: Stream, facts: Facts, *, reason: str) -> Decision:
    """Lets the hold go; where the provider had it, books what it gave back."""
    returned = stream.latest(PayoutReturned)
    if returned is None:
        return release(stream, reason=reason)
    sent = stream.known(TransferConfirmed).recipient_amount
    claim = ChainClaim(
        chain=Chain.SOLANA,
        signature=returned.transaction_hash,
        instruction=returned.instruction,
        account=returned.account,
    )
    by = claimant(stream, facts, claim, USDC.symbol, stream.wallet_id)
    if by is Claimant.OTHER:
        return taken()
    is_credited = returned.is_credited or by is Claimant.WATCHER
    back = 0 if is_credited else returned.amount
    lost = sent - back
    own = Posting(account=available(stream.wallet_id), posted=back)
    # What it kept is beyond us; so is what the watcher has booked from there.
    beyond = Posting(account=chain(USDC), posted=lost)
    return Decision(
        events=(BalanceReservationReleased(released=returned.amount, reason=reason),),
        postings=(
            Posting(account=provider(returned.provider, USDC.symbol), posted=-sent),
            *((own,) if back else ()),
            *((beyond,) if lost else ()),
        ),
        claims=() if is_credited else (claim,),
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    BlockchainConfirmationReceived: on_sent,
}
