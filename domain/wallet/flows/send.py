"""The wallet holds what a cleared Send needs, and books or frees it when the outcome is known.

It owns its own compensation: whatever ends a Send without a transfer releases the hold here.
"""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    ComplianceBlocked,
    ComplianceCleared,
    ComplianceReviewRequired,
    RecipientBalanceUpdated,
    RecipientValidated,
    SendTransactionInitiated,
)
from domain.contracts.transfer_events import (
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
)
from domain.shared.accounts import available
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.transfer import book, release, reserve


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    amount = stream.known(SendTransactionInitiated).amount
    return hold_for_review(stream, facts, available(stream.wallet_id), amount)


def on_cleared(stream: Stream, _event: Event, facts: Facts) -> Decision:
    send = stream.known(SendTransactionInitiated)
    validated = Decision(events=(RecipientValidated(recipient=send.recipient),))
    fees = send.platform_fee + send.network_cost.total_base_units
    return validated + reserve(stream, facts, amount=send.amount, fees=fees)


def on_confirmed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    recipient_wallet_id = stream.known(SendTransactionInitiated).recipient.wallet_id
    booking = book(stream, recipient_wallet_id=recipient_wallet_id)
    updated = RecipientBalanceUpdated(
        debited=booking.debited,
        credited=booking.credited,
        fees=booking.fees,
        recipient_wallet_id=recipient_wallet_id,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(events=(updated,)) + booking.rows


def on_failed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    return release(stream, reason=stream.known(SolanaTransferFailed).code)


def on_expired(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    expired = stream.known(SolanaTransferExpired)
    return release(stream, reason="TXN_EXPIRED") if expired.final else NOTHING


REACTIONS: dict[type[EventPayload], Reaction] = {
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    ComplianceCleared: on_cleared,
    SolanaTransferConfirmed: on_confirmed,
    SolanaTransferFailed: on_failed,
    SolanaTransferExpired: on_expired,
}
