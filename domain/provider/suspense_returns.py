"""That what is in suspense went back to whoever sent it: a person says so, the chain shows it or not."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from domain.contracts.suspense_events import (
    SuspenseReturnClaimed,
    SuspenseReturned,
    SuspenseReturnRefuted,
)
from domain.provider.effects import Claimed, EffectKind, request_effect
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState

LOOK: Final = timedelta(seconds=15)
PATIENCE: Final = timedelta(hours=24)
"""So long a transaction may take until it is final; not there then, it is refuted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuted:
    """The transaction is final, or was waited for long enough, and is not what was said; `why`."""

    why: str


def claim_return(stream: Stream, claimed: SuspenseReturnClaimed, facts: Facts) -> Decision:
    """Has it looked up at whoever sent it; `claimed` gets its effect here."""
    number = stream.count(SuspenseReturnClaimed) + 1
    look = request_effect(
        stream.id,
        EffectKind.SUSPENSE_LOOK,
        number,
        request={"transaction": claimed.transaction_hash},
        due_at=facts.now,
    )
    event = replace(claimed, effect_id=look.id)
    return Decision(events=(event,), effects_requested=(look,))


def is_looked_for(stream: Stream) -> bool:
    """Whether what was said last is still looked up."""
    answered = stream.count(SuspenseReturned) + stream.count(SuspenseReturnRefuted)
    return stream.count(SuspenseReturnClaimed) > answered


def looked_again(stream: Stream, effect: Claimed, facts: Facts) -> Decision:
    """It is not there, or not final yet."""
    claimed_at = next(
        event.occurred_at
        for event in reversed(stream.events)
        if isinstance(event.data, SuspenseReturnClaimed)
    )
    if facts.now >= claimed_at + PATIENCE:
        return refuted(stream, effect, Refuted(why="no such transaction is final"))
    later = EffectMoved(
        id=effect.id, state=EffectState.INTENT, epoch=effect.epoch, due_at=facts.now + LOOK
    )
    return Decision(effects_moved=(later,))


def refuted(stream: Stream, effect: Claimed, found: Refuted) -> Decision:
    """Told, and nothing else."""
    claimed = stream.known(SuspenseReturnClaimed)
    event = SuspenseReturnRefuted(transaction_hash=claimed.transaction_hash, why=found.why)
    done = EffectMoved(id=effect.id, state=EffectState.DECLINED, epoch=effect.epoch)
    return Decision(events=(event,), effects_moved=(done,))


def proven(effect: Claimed) -> Decision:
    """What the chain shows is booked beside this."""
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    return Decision(effects_moved=(done,))
