"""Money in suspense: what of a stream stands there, and the decision that it is the user's.

It is at the user's own address all the while: what ends is only that the platform keeps it apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.contracts.deposit_events import DeliverySuspended, WrongAssetDelivered
from domain.contracts.events import BlockedDepositReceived
from domain.contracts.suspense_events import SuspenseReleased, SuspenseReturned
from domain.shared.accounts import chain, suspense
from domain.shared.assets import ASSETS
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.errors import Refused
from domain.shared.ids import derived
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim, Posting
from domain.wallet.swap import balance_of


class SenderStillListed(Refused):
    """Whoever sent it is on the sanctions list: it stays where it is."""

    code = "CMP_SANCTIONED"


class ListMissing(Refused):
    """Whether the sender is on the sanctions list cannot be told here."""

    code = "CMP_SANCTIONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """`amount` (base units) of `asset` that `senders` left the user's `account` with."""

    asset: str
    amount: int
    account: str
    transaction_hash: str
    senders: tuple[str, ...]


def suspended_in(stream: Stream) -> tuple[Suspended, ...]:
    """What a stream has in suspense, the oldest first."""
    found: list[Suspended] = []
    delivered: list[WrongAssetDelivered] = []
    for event in stream.events:
        match event.data:
            case BlockedDepositReceived(is_booked=True) as blocked:
                found.append(_blocked(blocked))
            case WrongAssetDelivered() as wrong:
                delivered.append(wrong)
            case DeliverySuspended() as suspended:
                wrong = next(each for each in delivered if _is_same(each, suspended))
                delivered.remove(wrong)
                found.append(_wrong(wrong))
            case SuspenseReleased() | SuspenseReturned():
                found.pop(0)
            case _:
                continue
    return tuple(found)


def release_suspense(stream: Stream, *, operator: str, reason: str, facts: Facts) -> Decision:
    """All of it is the user's, once. Raises `SenderStillListed`, or `ListMissing` where a listed sender's
    is to be released by who has no list."""
    found = suspended_in(stream)
    if found and stream.has(BlockedDepositReceived) and not facts.screening.is_there:
        raise ListMissing
    if any(facts.screening.hits(each.senders) for each in found):
        raise SenderStillListed
    return sum(_released(stream, found, operator, reason), start=NOTHING)


def book_return(stream: Stream, returned: Suspended, *, by: str, instruction: int) -> Decision:
    """What went back is not here any more. The transaction (its hash is `by`) proves it for no other:
    what it took from the user's account is claimed at its `instruction`, the place of what came."""
    asset = ASSETS[returned.asset]
    event = SuspenseReturned(
        asset=returned.asset,
        amount=returned.amount,
        transaction_hash=by,
        journal_id=derived(stream.id, "journal", stream.sequence + 1),
    )
    return Decision(
        events=(event,),
        postings=(
            Posting(account=suspense(stream.wallet_id, returned.asset), posted=-returned.amount),
            Posting(account=chain(asset), posted=returned.amount),
        ),
        claims=(
            ChainClaim(
                chain=asset.chain,
                signature=by,
                instruction=instruction,
                account=returned.account,
            ),
        ),
    )


def _released(
    stream: Stream, found: tuple[Suspended, ...], operator: str, reason: str
) -> Iterator[Decision]:
    for each in found:
        released = SuspenseReleased(
            asset=each.asset,
            amount=each.amount,
            journal_id=derived(stream.id, "journal", stream.sequence + 1),
            resolved_by=operator,
            reason=reason,
        )
        yield Decision(
            events=(released,),
            postings=(
                Posting(account=suspense(stream.wallet_id, each.asset), posted=-each.amount),
                Posting(account=balance_of(stream.wallet_id, each.asset), posted=each.amount),
            ),
        )


def _is_same(wrong: WrongAssetDelivered, suspended: DeliverySuspended) -> bool:
    return (wrong.asset, wrong.amount) == (suspended.asset, suspended.amount)


def _blocked(blocked: BlockedDepositReceived) -> Suspended:
    return Suspended(
        asset=blocked.asset,
        amount=blocked.amount,
        account=blocked.account,
        transaction_hash=blocked.signature,
        senders=blocked.senders,
    )


def _wrong(wrong: WrongAssetDelivered) -> Suspended:
    return Suspended(
        asset=wrong.asset,
        amount=wrong.amount,
        account=wrong.account,
        transaction_hash=wrong.transaction_hash,
        senders=wrong.senders,
    )
