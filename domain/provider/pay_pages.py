"""The page that a user pays at: it is asked for while somebody may pay there, and no longer."""

from domain.contracts.deposit_events import FiatPaymentConfirmed, OnRampProviderSelected
from domain.contracts.events import (
    UserActionCancelled,
    UserActionCompleted,
    UserActionExpired,
    UserActionRequired,
)
from domain.provider.choices import withdraw_choice
from domain.provider.effects import EffectKind, effect_id
from domain.provider.payment_choices import open_until
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import ActionId
from domain.shared.stream import Stream
from domain.shared.unit import ActionMoved, ActionStatus, EffectMoved, EffectState

_End = UserActionCompleted | UserActionExpired | UserActionCancelled


def page_paid(stream: Stream, facts: Facts) -> Decision:
    """Who has paid is asked no more; nothing where they were not any more."""
    action = _offered(stream)
    if action is None:
        return NOTHING
    return _moved(UserActionCompleted(action_id=action), ActionStatus.COMPLETED, facts)


def page_over(stream: Stream, facts: Facts) -> Decision:
    """Nobody pays there any more; nothing where nobody was asked to."""
    action = _offered(stream)
    if action is None:
        return NOTHING
    return _moved(UserActionExpired(action_id=action, final=True), ActionStatus.EXPIRED, facts)


def page_closed(stream: Stream, facts: Facts) -> Decision:
    """A link that leads nowhere is not shown: whether somebody has paid just before is waited for."""
    if _offered(stream) is None or facts.now < open_until(stream, facts):
        return NOTHING
    return page_over(stream, facts)


def withdraw_page(stream: Stream, facts: Facts) -> Decision:
    """Its user wants it no more: nobody is asked to pay, and the provider is asked at once whether
    somebody has begun to."""
    if not stream.happened_since(UserActionRequired, OnRampProviderSelected):
        # It is being opened: that it is wanted no more is heard of when that is known.
        return NOTHING
    if stream.has(FiatPaymentConfirmed):
        return NOTHING
    attempt = stream.count(OnRampProviderSelected)
    look = EffectMoved(
        id=effect_id(stream.id, EffectKind.ONRAMP_CHECK, attempt),
        state=EffectState.PENDING,
        due_at=facts.now,
    )
    action = _offered(stream)
    withdrawn = NOTHING
    if action is not None:
        withdrawn = _moved(UserActionCancelled(action_id=action), ActionStatus.CANCELLED, facts)
    return withdraw_choice(stream, facts) + withdrawn + Decision(effects_moved=(look,))


def _moved(event: _End, status: ActionStatus, facts: Facts) -> Decision:
    moved = ActionMoved(id=event.action_id, status=status, at=facts.now)
    return Decision(events=(event,), actions_moved=(moved,))


def _offered(stream: Stream) -> ActionId | None:
    """What the user is asked to pay at now."""
    for event in reversed(stream.events):
        if isinstance(event.data, _End | OnRampProviderSelected):
            return None
        if isinstance(event.data, UserActionRequired):
            return event.data.action_id
    return None
