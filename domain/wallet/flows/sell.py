"""The wallet holds the asset of a Sell, and credits USDC, as the orchestrator tells it to."""

from domain.contracts.deposit_events import AvailableBalanceUpdated
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.sell_events import SellTransactionInitiated
from domain.contracts.swap_events import (
    BlockchainApprovalConfirmed,
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
)
from domain.contracts.terms_events import GasReservationRequested
from domain.shared.accounts import invested
from domain.shared.assets import ASSETS, USDC
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.wallet.claims import taken
from domain.wallet.gas import on_approved, on_more_wanted
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.swap import capture, receive, reserve_invested, undo


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    match event.data:
        case CommandIssued(command=Command.RESERVE):
            return _reserved(stream, facts)
        case CommandIssued(command=Command.BOOK):
            return _booked(stream, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return undo(stream, facts, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    sell = stream.known(SellTransactionInitiated)
    account = invested(stream.wallet_id, ASSETS[sell.asset])
    return hold_for_review(stream, facts, account, sell.amount)


def _reserved(stream: Stream, facts: Facts) -> Decision:
    sell = stream.known(SellTransactionInitiated)
    return reserve_invested(stream, facts, ASSETS[sell.asset], sell.amount, gas=sell.gas)


def _booked(stream: Stream, facts: Facts) -> Decision:
    receipt = receive(stream, facts)
    if receipt is None:
        return taken()
    expected = stream.known(BlockchainSwapRequested).swap.target_amount
    updated = AvailableBalanceUpdated(
        asset=USDC.symbol,
        credited=receipt.credited,
        fee_due=receipt.due,
        difference=receipt.received - expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(events=(updated,)) + receipt.rows


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    BlockchainApprovalConfirmed: on_approved,
    GasReservationRequested: on_more_wanted,
    BlockchainSwapConfirmed: capture,
}
