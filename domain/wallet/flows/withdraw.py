"""The wallet holds, books and lets go for a Withdraw as the orchestrator tells it to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.withdraw_events import (
    CrossChainTransferConfirmed,
    ExternalWalletValidated,
    WithdrawTransactionInitiated,
)
from domain.shared.accounts import available
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.transfer import book, release, reserve


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    withdraw = stream.known(WithdrawTransactionInitiated)
    match event.data:
        case CommandIssued(command=Command.VALIDATE_ADDRESS):
            return validated(withdraw)
        case CommandIssued(command=Command.RESERVE):
            return reserved(stream, withdraw, facts)
        case CommandIssued(command=Command.BOOK):
            return _booked(stream, withdraw)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return release(stream, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    amount = stream.known(WithdrawTransactionInitiated).amount
    return hold_for_review(stream, facts, available(stream.wallet_id), amount)


def validated(withdraw: WithdrawTransactionInitiated) -> Decision:
    """The address was read, and found to be one that the asset can be at, before it began."""
    address = withdraw.recipient.address
    return Decision(events=(ExternalWalletValidated(address=address, chain=withdraw.chain),))


def reserved(stream: Stream, withdraw: WithdrawTransactionInitiated, facts: Facts) -> Decision:
    """Holds all that it may cost, or says why not."""
    fees = withdraw.platform_fee + withdraw.network_cost.total_base_units
    return reserve(stream, facts, amount=withdraw.amount, fees=fees)


def _booked(stream: Stream, withdraw: WithdrawTransactionInitiated) -> Decision:
    booking = book(stream, recipient_wallet_id=withdraw.recipient.wallet_id)
    confirmed = CrossChainTransferConfirmed(
        same_chain=True,
        asset=withdraw.asset,
        source=withdraw.asset,
        debited=booking.debited,
        credited=booking.credited,
        fees=booking.fees,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(events=(confirmed,)) + booking.rows


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
}
