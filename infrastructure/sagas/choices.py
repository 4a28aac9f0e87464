"""The time after which nobody waits for a user's choice."""

from domain.provider.choices import on_choice_deadline
from domain.shared.stream import Stream
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import SagaEngine


def choice_deadline(engine: SagaEngine) -> CarryOut:
    """Calls nobody."""

    async def carry_out(effect: EffectInHand, stream: Stream) -> None:
        await engine.decide(
            stream.id, lambda known, facts: on_choice_deadline(known, effect.fence, facts)
        )

    return carry_out
