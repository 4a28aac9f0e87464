"""The time that a user has to sign: for these bytes, and for the transaction as a whole.

Bytes that got too old are built anew while the user may still sign; nothing was sent of them, so
their end moves nothing. Shortly before the whole time is over its user may have more of it.
"""

from datetime import datetime, timedelta
from typing import Final

from domain.contracts.choice_events import UserChoiceMade, UserChoiceRequired
from domain.contracts.events import (
    CancellationRequested,
    UserActionExpired,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.payout_events import PayoutOpened
from domain.contracts.transfer_events import ApprovalTimeExtended, LegRequested
from domain.provider.choices import withdraw_choice
from domain.provider.effects import Claimed, EffectKind, action_id, effect_id
from domain.provider.extensions import (
    EXTEND,
    EXTEND_TIMEOUT,
    EXTENSIONS_MAX,
    ask_for_time,
    notice_at,
)
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import ActionId, derived
from domain.shared.stream import Stream
from domain.shared.unit import (
    ActionMoved,
    ActionStatus,
    EffectMoved,
    EffectState,
    RecoveryRow,
)

LANDING: Final = timedelta(minutes=2)
"""What is built at the last moment may be signed for a minute, and lands within another or never."""


def closes_at(stream: Stream) -> datetime | None:
    """Until when it may be signed at all, however much time is given: what is sent to an off-ramp
    has to land while that waits for it. None: nothing lapses."""
    opened = stream.latest(PayoutOpened)
    return opened.expires_at - LANDING if opened and opened.expires_at else None


def with_time_given(stream: Stream, until: datetime) -> datetime:
    """Until then, or as long as the user was given on top; never beyond what lapses."""
    extended = stream.latest(ApprovalTimeExtended)
    return _in_time(stream, until if extended is None else max(until, extended.until))


def sign_until(stream: Stream) -> datetime:
    """Until when the user may sign what is asked of them."""
    return with_time_given(stream, stream.known(LegRequested).approval_deadline)


def looked_at(stream: Stream, expires_at: datetime, facts: Facts) -> datetime:
    """When to look at bytes that can be signed until they expire: then, or when more time is to be
    offered before."""
    if not _may_have_more(stream):
        return expires_at
    return min(expires_at, max(facts.now, notice_at(sign_until(stream), _window(facts))))


def on_sign_deadline(stream: Stream, effect: Claimed, facts: Facts) -> Decision:
    """The user is offered more time; or the message can no longer be signed: nothing has moved, a
    fresh one is built or it ends."""
    required = stream.latest(UserActionRequired)
    expires_at = required.expires_at if required else None
    if _awaits(stream, effect.attempt) and expires_at is not None and facts.now < expires_at:
        later = EffectMoved(
            id=effect.id, state=EffectState.INTENT, epoch=effect.epoch, due_at=expires_at
        )
        return _offer_time(stream, facts) + Decision(effects_moved=(later,))
    done = EffectMoved(id=effect.id, state=EffectState.DONE, epoch=effect.epoch)
    return Decision(effects_moved=(done,)) + _expired(stream, facts, attempt=effect.attempt)


def expire_action(stream: Stream, facts: Facts) -> Decision:
    """Ends the action that was found to be too late before its deadline came, and the deadline."""
    attempt = stream.count(LegRequested)
    expired = _expired(stream, facts, attempt=attempt)
    if expired == NOTHING:
        return NOTHING
    deadline = effect_id(stream.id, EffectKind.SIGN_DEADLINE, attempt)
    pointless = EffectMoved(id=deadline, state=EffectState.CANCELLED)
    return expired + Decision(effects_moved=(pointless,))


def extend(stream: Stream, made: UserChoiceMade, facts: Facts) -> Decision:
    """The user has as long again, where that is their answer."""
    if made.option != EXTEND:
        return NOTHING
    until = _in_time(stream, sign_until(stream) + _window(facts))
    return Decision(events=(ApprovalTimeExtended(until=until),))


def status_of(stream: Stream, action: ActionId) -> ActionStatus:
    """The action's status as the stream tells it; one that was never asked for is CANCELLED."""
    status = ActionStatus.CANCELLED
    for event in stream.events:
        data = event.data
        if isinstance(data, UserActionRequired) and data.action_id == action:
            status = ActionStatus.PENDING
        elif isinstance(data, UserActionSubmitted) and data.action_id == action:
            status = ActionStatus.SUBMITTED
        elif isinstance(data, UserActionExpired) and data.action_id == action:
            status = ActionStatus.EXPIRED
    return status


def rebuilt(stream: Stream, attempt: int, reason: str, facts: Facts) -> RecoveryRow:
    """That what was to be signed is built anew, and why."""
    return RecoveryRow(
        id=derived(stream.id, "recovery", "rebuild", attempt),
        strategy="REBUILD",
        reason=reason,
        attempt=attempt,
        at=facts.now,
        result="REBUILDING",
    )


def _expired(stream: Stream, facts: Facts, *, attempt: int) -> Decision:
    """Ends the attempt's action if it still waits; otherwise nothing."""
    if not _awaits(stream, attempt):
        return NOTHING
    action, final = action_id(stream.id, attempt), facts.now >= sign_until(stream)
    ended = Decision(
        events=(UserActionExpired(action_id=action, final=final),),
        actions_moved=(ActionMoved(id=action, status=ActionStatus.EXPIRED, at=facts.now),),
    )
    if final:
        return withdraw_choice(stream, facts) + ended
    why = rebuilt(stream, attempt, "it got too old before it was signed", facts)
    return ended + Decision(recoveries=(why,))


def _awaits(stream: Stream, attempt: int) -> bool:
    """Whether that attempt's action waits for its user."""
    status = status_of(stream, action_id(stream.id, attempt))
    return status is ActionStatus.PENDING and not stream.has(CancellationRequested)


def _offer_time(stream: Stream, facts: Facts) -> Decision:
    """Once for each end of it, and only while there is some left."""
    closes, window = sign_until(stream), _window(facts)
    is_time = notice_at(closes, window) <= facts.now < closes
    if not is_time or not _may_have_more(stream):
        return NOTHING
    return ask_for_time(
        stream,
        facts,
        summary="The time to sign is nearly over",
        extend="Have as long again to sign",
        closes=closes,
    )


def _may_have_more(stream: Stream) -> bool:
    """Whether the user has not been asked about this end of their time, and may be."""
    if sign_until(stream) == closes_at(stream):
        return False
    return stream.count(ApprovalTimeExtended) < EXTENSIONS_MAX and not any(
        isinstance(event.data, UserChoiceRequired)
        and event.data.action == EXTEND_TIMEOUT
        and event.data.expires_at == sign_until(stream)
        for event in stream.events
    )


def _in_time(stream: Stream, until: datetime) -> datetime:
    closes = closes_at(stream)
    return until if closes is None else min(until, closes)


def _window(facts: Facts) -> timedelta:
    """What the user is given at first."""
    return timedelta(seconds=facts.figures.approval_window_seconds)
