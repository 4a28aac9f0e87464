"""What a user signed and sent by themselves, where nobody pays the network for them: it is on the chain
without ever having been handed in here. Before anything that was shown expires, that is looked for."""

from dataclasses import dataclass, replace

from domain.contracts.commands import SubmitSignatureCommand
from domain.contracts.events import CancellationRequested
from domain.provider.effects import Claimed, NotAttempted, action_id
from domain.provider.handlers import submit_signature
from domain.provider.signing import on_sign_deadline, status_of
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream
from domain.shared.unit import ActionStatus, EffectMoved, EffectState


@dataclass(frozen=True, slots=True)
class SentAlready:
    """The chain, or its pool, has the transaction of that name; what it did is still to be read."""

    name: str


def on_deadline_looked_at(
    stream: Stream, effect: Claimed, found: SentAlready | NotAttempted | None, facts: Facts
) -> Decision:
    """What was sent counts as handed in. While that cannot be told, nothing expires."""
    action = action_id(stream.id, effect.attempt)
    is_over = status_of(stream, action) is not ActionStatus.PENDING
    if found is None or is_over or stream.has(CancellationRequested):
        return on_sign_deadline(stream, effect, facts)
    if isinstance(found, NotAttempted):
        later = EffectMoved(
            id=effect.id, state=EffectState.INTENT, epoch=effect.epoch, due_at=found.due_at
        )
        return Decision(effects_moved=(later,))
    command = SubmitSignatureCommand(action_id=action, signed_transaction="", signature=found.name)
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    return replace(submit_signature(stream, command, facts), effects_moved=(done,))
