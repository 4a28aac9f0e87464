"""The wallet holds what a cleared movement needs, and books or frees it when the outcome is known.

It owns its own compensation: whatever ends a Send without a transfer releases the hold here.
"""

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationRejected,
    BalanceReservationReleased,
    CancellationRequested,
    ComplianceCleared,
    RecipientBalanceUpdated,
    RecipientValidated,
    SendTransactionInitiated,
)
from domain.contracts.transfer_events import (
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
)
from domain.shared.accounts import CHAIN_SOL, FEE_PAYER, available, chain, fees
from domain.shared.assets import USDC, Chain
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.saga import Reaction
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting
from domain.wallet.model import Reservation


def on_cleared(stream: Stream, _event: Event, facts: Facts) -> Decision:
    send = stream.known(SendTransactionInitiated)
    validated = RecipientValidated(recipient=send.recipient)
    if stream.has(CancellationRequested):
        return Decision(events=(validated, BalanceReservationRejected(code="TXN_CANCELLED")))
    if facts.rejection is not None:
        code = "TXN_INSUFFICIENT_BALANCE"
        return Decision(events=(validated, BalanceReservationRejected(code=code)))
    reservation = Reservation.opened(
        stream_id=stream.id,
        wallet_id=stream.wallet_id,
        amount=send.amount,
        fees=send.platform_fee + send.network_cost.total_base_units,
    )
    reserved = AvailableBalanceReserved(
        principal_hold_id=reservation.principal_hold_id,
        principal=reservation.principal,
        fees_hold_id=reservation.fees_hold_id,
        fees=reservation.fees,
    )
    return Decision(
        events=(validated, reserved),
        holds_placed=reservation.placed(),
        postings=(reservation.posting(held=reservation.total),),
    )


def on_confirmed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    """Books what the chain shows, each movement claimed so that it is booked once."""
    send = stream.known(SendTransactionInitiated)
    seen = stream.known(SolanaTransferConfirmed)
    reservation = _reservation(stream)
    debited = seen.recipient_amount + seen.fee_amount
    recipient_wallet = send.recipient.wallet_id
    credited_account = available(recipient_wallet) if recipient_wallet else chain(USDC)
    updated = RecipientBalanceUpdated(
        debited=debited,
        credited=seen.recipient_amount,
        fees=seen.fee_amount,
        recipient_wallet_id=recipient_wallet,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(
        events=(updated,),
        holds_settled=reservation.settled(captured=debited),
        postings=(
            reservation.posting(held=-reservation.total, posted=-debited),
            Posting(account=credited_account, posted=seen.recipient_amount),
            *((Posting(account=fees(USDC), posted=seen.fee_amount),) if seen.fee_amount else ()),
            *_network_fee(seen.lamports_spent),
        ),
        claims=_claims(seen),
    )


def on_failed(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    failed = stream.known(SolanaTransferFailed)
    return _released(stream, reason=failed.code, cost=_network_fee(failed.lamports_spent))


def on_expired(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    expired = stream.known(SolanaTransferExpired)
    return _released(stream, reason="TXN_EXPIRED") if expired.final else NOTHING


def _released(stream: Stream, *, reason: str, cost: tuple[Posting, ...] = ()) -> Decision:
    reservation = _reservation(stream)
    return Decision(
        events=(BalanceReservationReleased(released=reservation.total, reason=reason),),
        holds_settled=reservation.settled(captured=0),
        postings=(reservation.posting(held=-reservation.total), *cost),
    )


def _reservation(stream: Stream) -> Reservation:
    return Reservation.of(stream.known(AvailableBalanceReserved), stream.wallet_id)


def _network_fee(lamports: int) -> tuple[Posting, ...]:
    if not lamports:
        return ()
    return (
        Posting(account=FEE_PAYER, posted=-lamports),
        Posting(account=CHAIN_SOL, posted=lamports),
    )


def _claims(seen: SolanaTransferConfirmed) -> tuple[ChainClaim, ...]:
    movements = [(seen.recipient_instruction, seen.recipient_account)]
    if seen.fee_instruction is not None and seen.fee_account is not None:
        movements.append((seen.fee_instruction, seen.fee_account))
    return tuple(
        ChainClaim(
            chain=Chain.SOLANA, signature=seen.signature, instruction=instruction, account=account
        )
        for instruction, account in movements
    )


REACTIONS: dict[type[EventPayload], Reaction] = {
    ComplianceCleared: on_cleared,
    SolanaTransferConfirmed: on_confirmed,
    SolanaTransferFailed: on_failed,
    SolanaTransferExpired: on_expired,
}
