"""The time after which nobody waits for a user's choice."""

from domain.provider.choices import on_choice_deadline
from domain.shared.stream import Stream
from infrastructure.sagas.effects import EffectInHand
from infrastructure.sagas.engine import Handler


async def choice_deadline(effect: EffectInHand, _stream: Stream) -> Handler:
    """Calls nobody."""
    return lambda known, facts: on_choice_deadline(known, effect.fence, facts)
