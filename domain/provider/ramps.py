"""What asking an on-ramp and asking an off-ramp have in common.

Unknown is never failed: only the provider's own word ends what may have been begun.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from domain.contracts.deposit_events import ProviderAttemptFailed
from domain.contracts.envelope import EventPayload
from domain.contracts.events import OperatorRequired, OutcomeUnknown
from domain.contracts.suspense_events import EndedByPerson
from domain.provider.effects import Claimed, Declined, NotAttempted, Unknown
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import derived
from domain.shared.stream import Stream
from domain.shared.unit import EffectMoved, EffectState, InteractionRow, JsonObject, RecoveryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What the provider did is not what was asked: a person has to look. Asked again at `due_at`."""

    reason: str
    due_at: datetime


NotOpened = Declined | NotAttempted | Mismatch | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Ways in or ways out: the event that selects one, and who was selected last."""

    selected: type[EventPayload]
    provider: Callable[[Stream], str]

    def not_opened(
        self, stream: Stream, effect: Claimed, outcome: NotOpened, facts: Facts
    ) -> Decision:
        """Another provider is asked, or it is found out."""
        match outcome:
            case Declined():
                return self._attempt_failed(stream, effect, outcome, facts, EffectState.DECLINED)
            case NotAttempted(reason=reason):
                why = Declined(code="PRV_UNAVAILABLE", reason=reason)
                return self._attempt_failed(stream, effect, why, facts, EffectState.NOT_ATTEMPTED)
            case Mismatch() | Unknown():
                return self.unclear(stream, effect, outcome, "open")
            case _:
                assert_never(outcome)

    def unclear(
        self, stream: Stream, effect: Claimed, outcome: Mismatch | Unknown, operation: str
    ) -> Decision:
        """Asked again later; told of once, to an operator where it does not fit what was asked: each
        thing that does not."""
        asked_again = again(effect, EffectState.UNKNOWN, outcome.due_at)
        if isinstance(outcome, Mismatch):
            return asked_again + for_a_person(stream, outcome.reason)
        event = OutcomeUnknown(effect_id=effect.id, operation=operation)
        is_known = stream.happened_since(OutcomeUnknown, self.selected)
        return asked_again if is_known else asked_again + Decision(events=(event,))

    def concluded(
        self,
        stream: Stream,
        effect: Claimed,
        facts: Facts,
        operation: str,
        *,
        outcome: str,
        events: tuple[EventPayload, ...],
        state: EffectState = EffectState.DONE,
        said: JsonObject | None = None,
    ) -> Decision:
        """The effect has ended so, with these events."""
        return Decision(
            events=events,
            effects_moved=(EffectMoved(id=effect.id, state=state, epoch=effect.epoch),),
            interactions=(
                self.interaction(
                    stream, effect, facts, operation, outcome=outcome, said=said or {}
                ),
            ),
        )

    def interaction(
        self,
        stream: Stream,
        effect: Claimed,
        facts: Facts,
        operation: str,
        *,
        outcome: str,
        said: JsonObject,
    ) -> InteractionRow:
        return InteractionRow(
            id=derived(stream.id, "interaction", operation, effect.attempt, outcome),
            provider=self.provider(stream),
            operation=operation,
            outcome=outcome,
            attempt=effect.attempt,
            at=facts.now,
            response=said,
        )

    def _attempt_failed(
        self, stream: Stream, effect: Claimed, why: Declined, facts: Facts, state: EffectState
    ) -> Decision:
        failed = ProviderAttemptFailed(
            provider=self.provider(stream), code=why.code, reason=why.reason
        )
        failover = RecoveryRow(
            id=derived(stream.id, "recovery", "failover", effect.attempt),
            strategy="PROVIDER_FAILOVER",
            reason=why.reason,
            attempt=effect.attempt,
            at=facts.now,
            result="NEXT_PROVIDER_ASKED",
        )
        said = {"reason": why.reason}
        return Decision(recoveries=(failover,)) + self.concluded(
            stream, effect, facts, "open", outcome=state, events=(failed,), state=state, said=said
        )


def for_a_person(stream: Stream, reason: str) -> Decision:
    """Somebody has to look; told once for each reason, however often it is found so."""
    event = OperatorRequired(reason=reason)
    is_known = any(told.data == event for told in stream.events)
    return NOTHING if is_known else Decision(events=(event,))


def ended_meanwhile(stream: Stream, effect: Claimed) -> Decision | None:
    """Nothing more is made of an answer where a person has ended it meanwhile."""
    if not stream.has(EndedByPerson):
        return None
    done = EffectMoved(id=effect.id, state=EffectState.CANCELLED, epoch=effect.epoch)
    return Decision(effects_moved=(done,))


def still_waiting(effect: Claimed, due_at: datetime, *, news: Decision) -> Decision:
    """The news, and when it is asked again; where nothing is new, who holds nothing writes nothing."""
    if news == NOTHING and not effect.held:
        return NOTHING
    return news + again(effect, EffectState.PENDING, due_at)


def again(effect: Claimed, state: EffectState, due_at: datetime) -> Decision:
    """Nothing has ended; to be asked at `due_at`."""
    moved = EffectMoved(id=effect.id, state=state, epoch=effect.epoch, due_at=due_at)
    return Decision(effects_moved=(moved,))
