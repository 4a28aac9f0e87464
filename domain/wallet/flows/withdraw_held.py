"""The wallet holds, books and lets go for a Withdraw of an invested asset, as the orchestrator tells it
to."""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import ComplianceBlocked, ComplianceReviewRequired
from domain.contracts.orchestration_events import Command, CommandIssued
from domain.contracts.terms_events import GasReservationRequested
from domain.contracts.transfer_events import TransferConfirmed
from domain.contracts.withdraw_events import (
    CrossChainTransferConfirmed,
    WithdrawTransactionInitiated,
)
from domain.shared.accounts import chain, invested
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import Posting
from domain.wallet import gas
from domain.wallet.claims import Claimant, claimant
from domain.wallet.fee_due import collect_due
from domain.wallet.flows.withdraw import validated
from domain.wallet.review import hold_for_review, on_blocked
from domain.wallet.swap import reserve_invested
from domain.wallet.transfer import claims_of, network_fee, release, reservation_of


def on_command(stream: Stream, event: Event, facts: Facts) -> Decision:
    withdraw = stream.known(WithdrawTransactionInitiated)
    match event.data:
        case CommandIssued(command=Command.VALIDATE_ADDRESS):
            return validated(withdraw)
        case CommandIssued(command=Command.RESERVE):
            return reserve_invested(
                stream,
                facts,
                ASSETS[withdraw.asset],
                withdraw.amount,
                gas=withdraw.network_cost.gas,
            )
        case CommandIssued(command=Command.BOOK):
            return _booked(stream, withdraw, facts)
        case CommandIssued(command=Command.RELEASE, reason=reason):
            return release(stream, reason=reason or "TXN_REFUSED")
        case _:
            return NOTHING


def on_review(stream: Stream, _event: Event, facts: Facts) -> Decision:
    withdraw = stream.known(WithdrawTransactionInitiated)
    account = invested(stream.wallet_id, ASSETS[withdraw.asset])
    return hold_for_review(stream, facts, account, withdraw.amount)


def _booked(stream: Stream, withdraw: WithdrawTransactionInitiated, facts: Facts) -> Decision:
    """To a user of the platform, whose the address may be, or to the world beyond. Where the watcher
    for unannounced money was faster, that user has it already."""
    asset, seen = ASSETS[withdraw.asset], stream.known(TransferConfirmed)
    held, there = reservation_of(stream), withdraw.recipient.wallet_id
    claims = claims_of(seen)
    is_credited = claimant(stream, facts, claims[0], asset.symbol, there) is Claimant.WATCHER
    to = chain(asset) if there is None or is_credited else invested(there, asset)
    confirmed = CrossChainTransferConfirmed(
        same_chain=True,
        asset=withdraw.asset,
        source=withdraw.asset,
        debited=seen.recipient_amount,
        credited=seen.recipient_amount,
        fees=0,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    booked = Decision(
        events=(confirmed,),
        holds_settled=held.settled(captured=min(seen.recipient_amount, held.total)),
        postings=(
            held.posting(held=-held.total, posted=-seen.recipient_amount),
            Posting(account=to, posted=seen.recipient_amount),
            *network_fee(seen.lamports_spent),
        ),
        claims=() if is_credited else claims,
    )
    return booked + collect_due(stream, seen) + gas.end(stream, seen.gas)


REACTIONS: dict[type[EventPayload], Reaction] = {
    CommandIssued: on_command,
    ComplianceReviewRequired: on_review,
    ComplianceBlocked: on_blocked,
    GasReservationRequested: gas.on_more_wanted,
}
