"""The wallet holds USDC for a Buy, and credits the asset, as the orchestrator tells it to."""

from domain.contracts.buy_events import (
    BuyTransactionInitiated,
    InvestedBalanceUpdated,
    OnChainPurchase,
)
from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.swap_events import BlockchainSwapConfirmed, BlockchainSwapRequested
from domain.shared.accounts import available
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.wallet.claims import taken
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.swap import capture, receive, undo
from domain.wallet.transfer import reserve


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
    account = available(stream.wallet_id)
    return hold_for_review(stream, facts, account, _purchase(stream).amount)


def _purchase(stream: Stream) -> OnChainPurchase:
    purchase = stream.known(BuyTransactionInitiated).on_chain
    if purchase is None:
        raise LookupError(f"stream {stream.id} is no purchase on a chain")
    return purchase


def _reserved(stream: Stream, facts: Facts) -> Decision:
    purchase = _purchase(stream)
    fees = purchase.network_cost.total_base_units
    return reserve(stream, facts, amount=purchase.amount, fees=fees)


def _booked(stream: Stream, facts: Facts) -> Decision:
    receipt = receive(stream, facts)
    if receipt is None:
        return taken()
    expected = stream.known(BlockchainSwapRequested).swap.target_amount
    updated = InvestedBalanceUpdated(
        asset=stream.known(BuyTransactionInitiated).asset,
        credited=receipt.credited,
        difference=receipt.received - expected,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(events=(updated,)) + receipt.rows


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    BlockchainSwapConfirmed: capture,
}
