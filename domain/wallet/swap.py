"""How a swap is held, booked and let go, in whatever flow it is a leg.

What left the user is booked when the source's chain shows it; between two chains the provider has
it, until the target's chain shows what arrived.
"""

from dataclasses import dataclass
from typing import Final

from domain.contracts.envelope import Event
from domain.contracts.events import BalanceReservationReleased, CancellationRequested
from domain.contracts.gas import Gas
from domain.contracts.swap_events import (
    BlockchainSwapConfirmed,
    BlockchainSwapRequested,
    CrossChainDelivered,
    CrossChainTransferRecovered,
    InvestedBalanceReserved,
)
from domain.shared.accounts import (
    available,
    chain,
    conversion,
    fee_due,
    fees,
    invested,
    provider,
)
from domain.shared.assets import ASSETS, USDC, Asset
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import WalletId
from domain.shared.stream import Stream
from domain.shared.unit import Account, ChainClaim, Posting
from domain.wallet import gas as networks
from domain.wallet.claims import Claimant, claimant, taken
from domain.wallet.fee_due import collect_due, hold_due
from domain.wallet.model import Reservation
from domain.wallet.review import reject, review_ended
from domain.wallet.transfer import network_fee, release, reservation_of

INSUFFICIENT_BALANCE: Final = "INSUFFICIENT_BALANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a swap brought: `credited` is the user's, `fees` the platform's, together `received`.

    Of the fees `due` is still with the user, who signed on a chain where it could not be paid.
    """

    received: int
    credited: int
    fees: int
    due: int
    rows: Decision


def balance_of(wallet_id: WalletId, symbol: str) -> Account:
    """Where the user's holding of an asset stands."""
    if symbol == USDC.symbol:
        return available(wallet_id)
    return invested(wallet_id, ASSETS[symbol])


def reserve_invested(
    stream: Stream, facts: Facts, asset: Asset, amount: int, *, gas: Gas | None = None
) -> Decision:
    """Holds `amount` of an invested asset, and what the network may take; what was held softly
    becomes that hold; or says which of the two is not covered. What is signed on the asset's own
    chain can pay what is owed in USDC only where that is Solana."""
    account = invested(stream.wallet_id, asset)
    if stream.has(CancellationRequested):
        return reject(stream, "TXN_CANCELLED")
    if facts.rejection is not None:
        is_short = facts.rejection.account == account.code
        return reject(stream, "TXN_INSUFFICIENT_BALANCE" if is_short else "TXN_GAS_MISSING")
    held = Reservation.opened(stream_id=stream.id, account=account, amount=amount, fees=0)
    gas_hold_id, gas_rows = (None, NOTHING) if gas is None else networks.place(stream, gas)
    reserved = InvestedBalanceReserved(
        hold_id=held.principal_hold_id,
        asset=asset.symbol,
        amount=amount,
        gas_hold_id=gas_hold_id,
        gas=gas,
    )
    rows = Decision(
        events=(reserved,),
        holds_placed=held.placed(),
        postings=(Posting(account=account, held=amount),),
    )
    due = hold_due(stream, facts) if asset.chain is USDC.chain else NOTHING
    return due + rows + gas_rows + review_ended(stream)


def capture(stream: Stream, _event: Event, _facts: Facts) -> Decision:
    """Books what the source's chain took; what the hold had beyond it is free again."""
    seen = stream.known(BlockchainSwapConfirmed)
    held = reservation_of(stream)
    is_paid_here = seen.source == USDC.symbol
    fee = seen.own_fee if is_paid_here else 0
    taken = seen.spent + fee
    booked = Decision(
        events=(held.left(captured=taken),),
        holds_settled=held.settled(captured=min(taken, held.total)),
        postings=(
            held.posting(held=-held.total, posted=-taken),
            Posting(account=_on_its_way(stream, seen), posted=seen.spent),
            *((Posting(account=fees(USDC), posted=fee),) if fee else ()),
            *network_fee(seen.lamports_spent),
        ),
        claims=_spent_claims(seen),
    )
    return booked + collect_due(stream, seen) + networks.end(stream, seen.gas, seen.aside)


def receive(
    stream: Stream, facts: Facts, *, to: Account | None = None, wallet_id: WalletId | None = None
) -> Receipt | None:
    """Books what the target's chain shows, once: where the watcher for unannounced money was
    faster, its owner has already what came to their account, all that left it then aside. `to`: who
    that is, where it is not the user, and `wallet_id` whose, where it is of ours. None: it is booked
    as something else, and was not delivered for this."""
    seen = stream.known(BlockchainSwapConfirmed)
    arrived = stream.latest(CrossChainDelivered)
    received = arrived.amount if arrived else seen.received or 0
    fee = 0 if seen.source == USDC.symbol else seen.own_fee
    target = ASSETS[seen.target]
    claim = _received_claim(seen, arrived)
    owner = stream.wallet_id if to is None else wallet_id
    by = claimant(stream, facts, claim, target.symbol, owner)
    if by is Claimant.OTHER:
        return None
    # What the watcher has credited may be spent by now: then there is nothing to take a fee from.
    is_credited = by is Claimant.WATCHER
    due = 0 if is_credited and is_short(facts) else _due(stream, received)
    credited = received - fee - due
    own = to or balance_of(stream.wallet_id, seen.target)
    is_charged_there = seen.target == USDC.symbol and arrived is None
    watched = received - (seen.fee_amount if is_charged_there else 0) if is_credited else 0
    rows = Decision(
        postings=(
            *_off_its_way(stream, seen),
            Posting(account=conversion(seen.target), posted=-received),
            *((Posting(account=chain(target), posted=watched),) if watched else ()),
            *((Posting(account=own, posted=credited - watched),) if credited != watched else ()),
            *((Posting(account=fees(target), posted=fee),) if fee else ()),
            *((Posting(account=fee_due(stream.wallet_id), posted=due),) if due else ()),
        ),
        claims=() if is_credited else (claim,),
    )
    return Receipt(received=received, credited=credited, fees=fee + due, due=due, rows=rows)


def _due(stream: Stream, received: int) -> int:
    """The platform's fee where the transaction that the user signed could not pay it: from another
    chain it is owed out of what arrived."""
    swap = stream.known(BlockchainSwapRequested).swap
    return min(swap.platform_fee, received) if swap.network_is_paid_by_user else 0


def is_short(facts: Facts) -> bool:
    """Whether an account did not cover what was to be taken of it."""
    return facts.rejection is not None and facts.rejection.reason == INSUFFICIENT_BALANCE


def undo(stream: Stream, facts: Facts, *, reason: str) -> Decision:
    """Lets the hold go; where the provider had taken it, books what it gave back."""
    recovered = stream.latest(CrossChainTransferRecovered)
    if recovered is None:
        return release(stream, reason=reason)
    seen = stream.known(BlockchainSwapConfirmed)
    source = ASSETS[seen.source]
    claim = ChainClaim(
        chain=source.chain,
        signature=recovered.transaction_hash,
        instruction=recovered.instruction,
        account=recovered.account,
    )
    by = claimant(stream, facts, claim, seen.source, stream.wallet_id)
    if by is Claimant.OTHER:
        return taken()
    is_credited = by is Claimant.WATCHER
    back = 0 if is_credited else recovered.amount
    released = BalanceReservationReleased(
        released=recovered.amount, reason=reason, asset=seen.source
    )
    lost = seen.spent - back
    return Decision(
        events=(released,),
        postings=(
            Posting(account=provider(recovered.provider, seen.source), posted=-seen.spent),
            *(
                (Posting(account=balance_of(stream.wallet_id, seen.source), posted=back),)
                if back
                else ()
            ),
            # What it kept is beyond us; so is what the watcher has booked from there.
            *((Posting(account=chain(source), posted=lost),) if lost else ()),
        ),
        claims=() if is_credited else (claim,),
    )


def _on_its_way(stream: Stream, seen: BlockchainSwapConfirmed) -> Account:
    if seen.received is not None:
        return conversion(seen.source)
    return provider(stream.known(BlockchainSwapRequested).swap.provider, seen.source)


def _off_its_way(stream: Stream, seen: BlockchainSwapConfirmed) -> tuple[Posting, ...]:
    if seen.received is not None:
        return ()
    return (
        Posting(account=_on_its_way(stream, seen), posted=-seen.spent),
        Posting(account=conversion(seen.source), posted=seen.spent),
    )


def _spent_claims(seen: BlockchainSwapConfirmed) -> tuple[ChainClaim, ...]:
    moved = [(seen.spent_instruction, seen.spent_account)]
    if seen.fee_instruction is not None and seen.fee_account is not None:
        moved.append((seen.fee_instruction, seen.fee_account))
    source = ASSETS[seen.source]
    return tuple(
        ChainClaim(
            chain=source.chain, signature=seen.signature, instruction=instruction, account=account
        )
        for instruction, account in moved
    )


def _received_claim(
    seen: BlockchainSwapConfirmed, arrived: CrossChainDelivered | None
) -> ChainClaim:
    chain_name = ASSETS[seen.target].chain
    if arrived is not None:
        return ChainClaim(
            chain=chain_name,
            signature=arrived.transaction_hash,
            instruction=arrived.instruction,
            account=arrived.account,
        )
    return ChainClaim(
        chain=chain_name,
        signature=seen.signature,
        instruction=seen.received_instruction or 0,
        account=seen.received_account or "",
    )
