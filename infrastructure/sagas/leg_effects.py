"""The effects of a leg: building the message, its deadline, the broadcast."""

from collections.abc import Mapping

from domain.provider.effects import Accepted, BroadcastOutcome, EffectKind
from domain.provider.handlers import on_broadcast, on_built, on_sign_deadline
from domain.shared.stream import Stream
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.legs import SolanaLegs
from infrastructure.sagas.watcher import ConfirmationWatcher


class LegEffects:
    """Calls Solana; what it answers is decided upon by the provider context."""

    def __init__(
        self, *, engine: SagaEngine, legs: SolanaLegs, watcher: ConfirmationWatcher
    ) -> None:
        self._engine = engine
        self._legs = legs
        self._watcher = watcher

    def handlers(self) -> Mapping[str, CarryOut]:
        return {
            EffectKind.BUILD: self._build,
            EffectKind.SIGN_DEADLINE: self._deadline,
            EffectKind.BROADCAST: self._broadcast,
        }

    async def _build(self, effect: EffectInHand, stream: Stream) -> None:
        built = await self._legs.build(stream, self._engine.clock())
        await self._engine.decide(
            stream.id, lambda known, facts: on_built(known, effect.fence, built, facts)
        )

    async def _deadline(self, effect: EffectInHand, stream: Stream) -> None:
        await self._engine.decide(
            stream.id, lambda known, facts: on_sign_deadline(known, effect.fence, facts)
        )

    async def _broadcast(self, effect: EffectInHand, stream: Stream) -> None:
        outcome = await self._sent(stream, effect)
        await self._engine.decide(
            stream.id, lambda known, facts: on_broadcast(known, effect.fence, outcome, facts)
        )
        if isinstance(outcome, Accepted):
            self._watcher.watch(effect.stream_id, effect.fence, effect.request)

    async def _sent(self, stream: Stream, effect: EffectInHand) -> BroadcastOutcome:
        now = self._engine.clock()
        if effect.maybe_executed:
            known = await self._legs.inquire(stream, effect.request, now)
            if known is not None:
                return known
        return await self._legs.broadcast(effect.request, now)
