"""What calling an on-ramp and calling an off-ramp have in common."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar, assert_never

from domain.contracts.envelope import EventPayload
from domain.provider.effects import Declined, NotAttempted, Unknown
from domain.provider.ports import answers
from domain.provider.ports.answers import Provider
from domain.provider.ramps import Mismatch, NotOpened
from domain.provider.registry import Rejection
from domain.shared.stream import Stream
from infrastructure.sagas.effects import EffectInHand

RETRY_SECONDS: Final = 2.0
LOOK_SECONDS_MIN: Final = 1.0
LOOK_SECONDS_MAX: Final = 600.0
"""A bank takes days: asked often at first and seldom later. Webhooks make it sooner."""
LOOK_SHARE_OF_AGE: Final = 0.1
MISMATCH_LOOK_SECONDS: Final = 3600.0

Order = TypeVar("Order")
Answer = TypeVar("Answer")
Known = TypeVar("Known", bound=Provider)


class Standing(Protocol):
    """Whether anything new may be begun with a provider now."""

    async def rejection(self, provider: str) -> Rejection | None: ...


async def begun(
    effect: EffectInHand,
    provider: Known | None,
    order: Order,
    *,
    standing: Standing,
    begin: Callable[[Known, Order], Awaitable[Answer | answers.Setback]],
    find: Callable[[Known, Order], Awaitable[Answer | answers.Setback | None]],
    now: datetime,
) -> Answer | NotOpened:
    """Begins it with the provider, once: what may have been begun before is asked for first."""
    if provider is None:
        return NotAttempted(reason="not configured", due_at=now)
    if not effect.maybe_executed:
        # Chosen earlier; what has happened since may keep it out.
        reason = await standing.rejection(provider.name)
        if reason is not None:
            return NotAttempted(reason=reason.value, due_at=now)
    answer: Answer | answers.Setback | None = None
    if effect.maybe_executed:
        answer = await find(provider, order)
        if isinstance(answer, (answers.Declined, answers.NotAttempted)):
            # The inquiry came to nothing, which says nothing of what was begun.
            return Unknown(reason=answer.reason, due_at=now + timedelta(seconds=RETRY_SECONDS))
    if answer is None:
        answer = await begin(provider, order)
    if isinstance(answer, (answers.Declined, answers.NotAttempted, answers.Unanswered)):
        return _not_begun(answer, now)
    return answer


def _not_begun(setback: answers.Setback, now: datetime) -> NotOpened:
    retry_at = now + timedelta(seconds=RETRY_SECONDS)
    match setback:
        case answers.Declined(code=code, reason=reason):
            return Declined(code=code, reason=reason)
        case answers.NotAttempted(reason=reason):
            return NotAttempted(reason=reason, due_at=retry_at)
        case answers.Unanswered(reason=reason, contradicts=True):
            return mismatch(reason, now)
        case answers.Unanswered(reason=reason):
            return Unknown(reason=reason, due_at=retry_at)
        case _:
            assert_never(setback)


def mismatch(reason: str, now: datetime) -> Mismatch:
    """A person has to look; asked again seldom."""
    return Mismatch(reason=reason, due_at=now + timedelta(seconds=MISMATCH_LOOK_SECONDS))


def look_at(began_at: datetime, now: datetime) -> datetime:
    """When to ask again: after a tenth of how long it has been waited for already."""
    pause = (now - began_at).total_seconds() * LOOK_SHARE_OF_AGE
    return now + timedelta(seconds=min(LOOK_SECONDS_MAX, max(LOOK_SECONDS_MIN, pause)))


def overdue(what: str, *, since: datetime, days: int, now: datetime) -> str | None:
    """Why a person has to look where it was waited for so long; None before that."""
    late = now - since > timedelta(days=days)
    return f"{what} after {days} days" if late else None


def last_at(stream: Stream, *payloads: type[EventPayload]) -> datetime | None:
    """When any of these happened last."""
    for event in reversed(stream.events):
        if isinstance(event.data, payloads):
            return event.occurred_at
    return None
