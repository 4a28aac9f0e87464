"""Whether what is in suspense went back to whoever sent it: looked up where it should be by now."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from domain.contracts.suspense_events import SuspenseReturnClaimed
from domain.provider.effects import Claimed, EffectKind
from domain.provider.ports.chain import Credit
from domain.provider.suspense_returns import Refuted, looked_again, proven, refuted
from domain.shared.assets import ASSETS, Chain
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream
from domain.wallet.suspense import Suspended, book_return, suspended_in
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler

NOT_BACK: Final = Refuted(why="it did not bring it back to whoever sent it")
OVER: Final = Refuted(why="it is in suspense no more, or has gone back by this transaction before")


class Credits(Protocol):
    """What final transactions left addresses with."""

    async def credits(self, chain: Chain, address: str, hash_: str) -> list[Credit] | None: ...


class SuspenseEffects:
    """It only reads, so it may be repeated."""

    def __init__(self, chains: Credits) -> None:
        self._chains = chains

    def handlers(self) -> Mapping[str, CarryOut]:
        return {EffectKind.SUSPENSE_LOOK: self._look}

    async def _look(self, effect: EffectInHand, stream: Stream) -> Handler:
        waiting = suspended_in(stream)[:1]
        found = await self._found(effect, waiting[0]) if waiting else OVER
        return lambda known, facts: _concluded(known, effect.fence, found, facts)

    async def _found(self, effect: EffectInHand, suspended: Suspended) -> Credit | Refuted | None:
        chain, hash_ = ASSETS[suspended.asset].chain, str(effect.request["transaction"])
        is_final = False
        for sender in suspended.senders:
            credits_ = await self._chains.credits(chain, sender, hash_)
            is_final = is_final or credits_ is not None
            if back := _back(credits_ or (), suspended):
                return back
        return NOT_BACK if is_final else None


def _back(credits_: Sequence[Credit], suspended: Suspended) -> Credit | None:
    """What came from the user's own account, and is no less."""
    return next(
        (
            credit
            for credit in credits_
            if credit.asset == suspended.asset
            and credit.amount >= suspended.amount
            and suspended.account in credit.senders
        ),
        None,
    )


def _concluded(
    stream: Stream, effect: Claimed, found: Credit | Refuted | None, facts: Facts
) -> Decision:
    if found is None:
        return looked_again(stream, effect, facts)
    if isinstance(found, Refuted):
        return refuted(stream, effect, found)
    waiting, claimed = suspended_in(stream), stream.known(SuspenseReturnClaimed)
    is_it = waiting and (waiting[0].asset, waiting[0].amount) == (claimed.asset, claimed.amount)
    if not is_it or facts.rejection is not None:
        return refuted(stream, effect, OVER)
    by = claimed.transaction_hash
    return proven(effect) + book_return(stream, waiting[0], by=by, instruction=found.index)
