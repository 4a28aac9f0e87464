"""Who has booked a movement on a chain before: the watcher for unannounced money, or somebody else.

A movement is claimed by whoever books it. Who comes second may only take it that its owner has the
money where the watcher was first, and not before anything was asked for.
"""

from enum import Enum, auto
from typing import Final

from domain.contracts.events import OperatorRequired
from domain.shared.decision import Decision, Facts
from domain.shared.ids import StreamId, WalletId, derived
from domain.shared.stream import Stream
from domain.shared.unit import ChainClaim

TAKEN: Final = "what was delivered is booked as something else"


class Claimant(Enum):
    """Whose a movement is already."""

    NOBODY = auto()
    WATCHER = auto()
    OTHER = auto()


def deposit_stream(wallet_id: WalletId, signature: str, asset: str) -> StreamId:
    """Where the watcher books what a transaction brought a wallet of an asset."""
    return StreamId(derived(wallet_id, "deposit", signature, asset))


def claimant(
    stream: Stream, facts: Facts, claim: ChainClaim, asset: str, wallet_id: WalletId | None
) -> Claimant:
    """Who has booked what the stream is to book of the asset for that wallet, as far as the database
    said; `wallet_id` None: it is nobody's of ours, and watched by nobody."""
    booked = facts.rejection.booked if facts.rejection else None
    if booked is None:
        return Claimant.NOBODY
    watched = None if wallet_id is None else deposit_stream(wallet_id, claim.signature, asset)
    # What the watcher had before this began was sent for something else.
    if booked.stream_id == watched and booked.at >= stream.events[0].occurred_at:
        return Claimant.WATCHER
    return Claimant.OTHER


def taken() -> Decision:
    """Nothing is booked, nothing let go, and a person told: nothing was delivered for this."""
    return Decision(events=(OperatorRequired(reason=TAKEN),))
