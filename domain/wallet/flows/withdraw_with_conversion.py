"""The wallet holds, books and takes back for a Withdraw that converts, as the orchestrator tells it
to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.swap_events import BlockchainSwapConfirmed, BlockchainSwapRequested
from domain.contracts.withdraw_events import (
    CrossChainTransferConfirmed,
    CrossChainTransferRequested,
    WithdrawTransactionInitiated,
)
from domain.shared.accounts import chain
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.wallet.claims import taken
from domain.wallet.flows.withdraw import on_review, reserved, validated
from domain.wallet.review import on_blocked
from domain.wallet.swap import balance_of, capture, receive, undo


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    withdraw = stream.known(WithdrawTransactionInitiated)
    match event.data:
        case CommandIssued(command=Command.VALIDATE_ADDRESS):
            return validated(withdraw)
        case CommandIssued(command=Command.RESERVE):
            return reserved(stream, withdraw, facts)
        case CommandIssued(command=Command.BOOK):
            return _booked(stream, withdraw, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return undo(stream, facts, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def _booked(stream: Stream, withdraw: WithdrawTransactionInitiated, facts: Facts) -> Decision:
    """To a user of the platform, whose the address may be, or to the world beyond."""
    target = stream.known(BlockchainSwapRequested).swap.target
    there = withdraw.recipient.wallet_id
    to = balance_of(there, target) if there else chain(ASSETS[target])
    receipt = receive(stream, facts, to=to, wallet_id=there)
    if receipt is None:
        return taken()
    seen = stream.known(BlockchainSwapConfirmed)
    confirmed = CrossChainTransferConfirmed(
        same_chain=stream.known(CrossChainTransferRequested).same_chain,
        asset=target,
        source=seen.source,
        debited=seen.spent + seen.own_fee,
        credited=receipt.credited,
        fees=seen.own_fee,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(events=(confirmed,)) + receipt.rows


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    BlockchainSwapConfirmed: capture,
}
