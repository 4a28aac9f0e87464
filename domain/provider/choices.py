"""A choice that only the user can make, in whatever flow: asked for with its options, until a time.

What follows from it is the flow's matter: it reacts to `UserChoiceMade` and `UserChoiceExpired`.
"""

from datetime import datetime
from typing import Final

from domain.contracts.choice_events import (
    ChoiceOption,
    UserChoiceExpired,
    UserChoiceMade,
    UserChoiceRequired,
    UserChoiceWithdrawn,
)
from domain.contracts.events import CancellationRequested
from domain.provider.effects import Claimed, EffectKind, effect_id, request_effect
from domain.provider.errors import ActionRefused, NoSuchOption
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import ActionId, derived
from domain.shared.stream import Stream
from domain.shared.unit import ActionMoved, ActionOpened, ActionStatus, EffectMoved, EffectState

MAY_PASS: Final = frozenset({"PRV_UNAVAILABLE", "PRV_RESPONSE_INVALID"})
"""How a provider failed that may yet do the same when it is asked again."""
_ENDS = (UserChoiceMade, UserChoiceExpired, UserChoiceWithdrawn)


def ask_choice(
    stream: Stream,
    facts: Facts,
    *,
    action: str,
    summary: str,
    options: tuple[ChoiceOption, ...],
    expires_at: datetime,
) -> Decision:
    """Asks the user, and sets the time after which nobody waits for the answer."""
    number = stream.count(UserChoiceRequired) + 1
    required = UserChoiceRequired(
        action_id=ActionId(derived(stream.id, "action", "choose", number)),
        action=action,
        summary=summary,
        options=options,
        expires_at=expires_at,
    )
    opened = ActionOpened(
        id=required.action_id,
        type=action,
        payload="",
        summary=summary,
        attempt=max((event.attempt for event in stream.events), default=1),
        expires_at=expires_at,
        at=facts.now,
        options=tuple({"name": each.name, "summary": each.summary} for each in options),
    )
    deadline = request_effect(
        stream.id,
        EffectKind.CHOICE_DEADLINE,
        number,
        request={"action_id": str(required.action_id)},
        due_at=expires_at,
    )
    return Decision(events=(required,), actions_opened=(opened,), effects_requested=(deadline,))


def pending_choice(stream: Stream) -> UserChoiceRequired | None:
    """What the user is asked now, if they are."""
    required = stream.latest(UserChoiceRequired)
    if required is None or _ended_by(stream, required.action_id) is not None:
        return None
    return required


def is_chosen(stream: Stream, action: ActionId, option: str) -> bool:
    """Whether that was the user's answer before."""
    ended = _ended_by(stream, action)
    return isinstance(ended, UserChoiceMade) and ended.option == option


def check_choosable(
    stream: Stream, action: ActionId, option: str, now: datetime
) -> UserChoiceRequired:
    """What the user was asked, if that may still be the answer. Raises `ActionRefused` if not."""
    required = pending_choice(stream)
    # A cancellation counts from when it is in the stream, heard by this context or not.
    if required is None or required.action_id != action or stream.has(CancellationRequested):
        raise ActionRefused
    if now >= required.expires_at:
        raise ActionRefused
    if option not in {each.name for each in required.options}:
        raise NoSuchOption(
            field="input.option", options=", ".join(each.name for each in required.options)
        )
    return required


def make_choice(stream: Stream, action: ActionId, option: str, facts: Facts) -> Decision:
    """The user's answer, once: what they asked for is the flow's to do."""
    if is_chosen(stream, action, option):
        return NOTHING
    required = check_choosable(stream, action, option, facts.now)
    made = UserChoiceMade(action_id=action, action=required.action, option=option)
    moved = ActionMoved(
        id=action, status=ActionStatus.COMPLETED, at=facts.now, approval={"option": option}
    )
    return Decision(events=(made,), actions_moved=(moved,), effects_moved=(_no_deadline(stream),))


def on_choice_deadline(stream: Stream, effect: Claimed, facts: Facts) -> Decision:
    """Nobody waits any longer."""
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    required = pending_choice(stream)
    if required is None or stream.count(UserChoiceRequired) != effect.attempt:
        return Decision(effects_moved=(done,))
    expired = UserChoiceExpired(action_id=required.action_id, action=required.action)
    moved = ActionMoved(id=required.action_id, status=ActionStatus.EXPIRED, at=facts.now)
    return Decision(events=(expired,), actions_moved=(moved,), effects_moved=(done,))


def withdraw_choice(stream: Stream, facts: Facts) -> Decision:
    """Nothing is asked any more; nothing where nothing was."""
    required = pending_choice(stream)
    if required is None:
        return NOTHING
    withdrawn = UserChoiceWithdrawn(action_id=required.action_id, action=required.action)
    moved = ActionMoved(id=required.action_id, status=ActionStatus.CANCELLED, at=facts.now)
    return Decision(
        events=(withdrawn,), actions_moved=(moved,), effects_moved=(_no_deadline(stream),)
    )


def _no_deadline(stream: Stream) -> EffectMoved:
    deadline = effect_id(stream.id, EffectKind.CHOICE_DEADLINE, stream.count(UserChoiceRequired))
    return EffectMoved(id=deadline, state=EffectState.CANCELLED)


def _ended_by(
    stream: Stream, action: ActionId
) -> UserChoiceMade | UserChoiceExpired | UserChoiceWithdrawn | None:
    for event in reversed(stream.events):
        if isinstance(event.data, _ENDS) and event.data.action_id == action:
            return event.data
    return None
