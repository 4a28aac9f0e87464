"""How a transfer out of Available is held, booked and let go, in whatever flow it is a leg."""

from dataclasses import dataclass

from domain.contracts.events import (
    AvailableBalanceReserved,
    BalanceReservationReleased,
    CancellationRequested,
)
from domain.contracts.swap_events import InvestedBalanceReserved
from domain.contracts.transfer_events import TransferConfirmed, TransferFailed
from domain.shared.accounts import CHAIN_SOL, FEE_PAYER, available, chain, fees
from domain.shared.assets import ASSETS, USDC
from domain.shared.decision import Decision, Facts
from domain.shared.ids import WalletId
from domain.shared.stream import Stream
from domain.shared.unit import Account, ChainClaim, Posting
from domain.wallet import gas as networks
from domain.wallet.fee_due import collect_due, hold_due, release_due
from domain.wallet.model import Reservation
from domain.wallet.review import reject, review_ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What the chain shows of the transfer, and the rows that book it; the event is the flow's."""

    debited: int
    credited: int
    fees: int
    rows: Decision


def reserve(stream: Stream, facts: Facts, *, amount: int, fees: int) -> Decision:
    """Holds `amount`, of which `fees` are a part of their own (USDC base units), and leaves the
    reserve for fees free; what was held softly becomes that hold. Says why not, where the user has
    cancelled or the balance does not cover it."""
    if stream.has(CancellationRequested):
        return reject(stream, "TXN_CANCELLED")
    if facts.rejection is not None:
        return reject(stream, "TXN_INSUFFICIENT_BALANCE")
    reservation = Reservation.opened(
        stream_id=stream.id, account=available(stream.wallet_id), amount=amount, fees=fees
    )
    reserved = AvailableBalanceReserved(
        principal_hold_id=reservation.principal_hold_id,
        principal=reservation.principal,
        fees_hold_id=reservation.fees_hold_id,
        fees=reservation.fees,
    )
    held = Decision(
        events=(reserved,),
        holds_placed=reservation.placed(),
        postings=(
            Posting(
                account=available(stream.wallet_id),
                held=reservation.total,
                leaves=facts.figures.fee_reserve,
            ),
        ),
    )
    return hold_due(stream, facts) + held + review_ended(stream)


def book_to(stream: Stream, credited: Account) -> Booking:
    """`book` to a given account."""
    seen = stream.known(TransferConfirmed)
    reservation = reservation_of(stream)
    debited = seen.recipient_amount + seen.own_fee
    rows = Decision(
        holds_settled=reservation.settled(captured=debited),
        postings=(
            reservation.posting(held=-reservation.total, posted=-debited),
            Posting(account=credited, posted=seen.recipient_amount),
            *((Posting(account=fees(USDC), posted=seen.own_fee),) if seen.own_fee else ()),
            *network_fee(seen.lamports_spent),
        ),
        claims=claims_of(seen),
    )
    return Booking(
        debited=debited,
        credited=seen.recipient_amount,
        fees=seen.own_fee,
        rows=rows + collect_due(stream, seen),
    )


def book(stream: Stream, *, recipient_wallet_id: WalletId | None) -> Booking:
    """Books what the chain shows, each movement claimed so that it is booked once; to a user of
    the platform, or to the world beyond."""
    return book_to(stream, available(recipient_wallet_id) if recipient_wallet_id else chain(USDC))


def release(stream: Stream, *, reason: str) -> Decision:
    """Lets the whole hold go; what a failed transfer cost the platform is booked with it."""
    reservation = reservation_of(stream)
    failed = stream.latest(TransferFailed)
    cost = network_fee(failed.lamports_spent) if failed else ()
    released = Decision(
        events=(
            BalanceReservationReleased(
                released=reservation.total, reason=reason, asset=reservation.account.asset
            ),
        ),
        holds_settled=reservation.settled(captured=0),
        postings=(reservation.posting(held=-reservation.total), *cost),
    )
    gas = networks.end(stream, failed.gas if failed else None)
    return release_due(stream) + released + gas


def reservation_of(stream: Stream) -> Reservation:
    """What the flow holds."""
    reserved = stream.latest(InvestedBalanceReserved) or stream.known(AvailableBalanceReserved)
    return Reservation.of(reserved, stream.wallet_id)


def network_fee(lamports: int) -> tuple[Posting, ...]:
    """What the chain took of the platform's fee payer."""
    if not lamports:
        return ()
    return (
        Posting(account=FEE_PAYER, posted=-lamports),
        Posting(account=CHAIN_SOL, posted=lamports),
    )


def claims_of(seen: TransferConfirmed) -> tuple[ChainClaim, ...]:
    """What nobody else may book."""
    movements = [(seen.recipient_instruction, seen.recipient_account)]
    if seen.fee_instruction is not None and seen.fee_account is not None:
        movements.append((seen.fee_instruction, seen.fee_account))
    return tuple(
        ChainClaim(
            chain=ASSETS[seen.asset].chain,
            signature=seen.signature,
            instruction=instruction,
            account=account,
        )
        for instruction, account in movements
    )
