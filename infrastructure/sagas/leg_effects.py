"""The effects of a leg: building the message, its deadline, the broadcast."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from domain.contracts.transfer_events import LegRequested
from domain.provider.effects import (
    Accepted,
    BroadcastOutcome,
    BuildOutcome,
    EffectKind,
    NotAttempted,
)
from domain.provider.handlers import on_broadcast, on_built
from domain.provider.sent import SentAlready, on_deadline_looked_at
from domain.provider.signing import on_sign_deadline
from domain.shared.assets import Chain
from domain.shared.stream import Stream
from domain.shared.unit import JsonObject
from infrastructure.sagas.effects import CarryOut, EffectInHand
from infrastructure.sagas.engine import Handler, SagaEngine
from infrastructure.sagas.watcher import ConfirmationWatcher


class Legs(Protocol):
    """What users sign on one chain, or on several."""

    async def build(self, stream: Stream, now: datetime) -> BuildOutcome: ...

    async def broadcast(
        self, stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome: ...

    async def inquire(
        self, stream: Stream, request: JsonObject, now: datetime
    ) -> BroadcastOutcome | None:
        """What became of a broadcast; None: unknown to the chain, and it may be sent again."""
        ...


class UnsponsoredLegs(Legs, Protocol):
    """On chains where a user's signature alone completes a transaction."""

    async def sent(self, stream: Stream, now: datetime) -> SentAlready | NotAttempted | None:
        """Whether its user has sent what they were shown by themselves."""
        ...


class LegEffects:
    """Calls the chains; what they answer is decided upon by the provider context. `watcher` looks
    for what landed on Solana within a second; other chains are asked when it is due."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        solana: Legs,
        others: UnsponsoredLegs,
        watcher: ConfirmationWatcher,
    ) -> None:
        self._engine = engine
        self._solana = solana
        self._others = others
        self._watcher = watcher

    def handlers(self) -> Mapping[str, CarryOut]:
        return {
            EffectKind.BUILD: self._build,
            EffectKind.SIGN_DEADLINE: self._deadline,
            EffectKind.BROADCAST: self._broadcast,
        }

    async def _build(self, effect: EffectInHand, stream: Stream) -> Handler:
        built = await self._legs(stream).build(stream, self._engine.clock())
        return lambda known, facts: on_built(known, effect.fence, built, facts)

    async def _deadline(self, effect: EffectInHand, stream: Stream) -> Handler:
        """On Solana nothing is complete without the platform's signature; elsewhere its user may have
        sent it by themselves."""
        if _is_on_solana(stream):
            return lambda known, facts: on_sign_deadline(known, effect.fence, facts)
        found = await self._others.sent(stream, self._engine.clock())
        return lambda known, facts: on_deadline_looked_at(known, effect.fence, found, facts)

    async def _broadcast(self, effect: EffectInHand, stream: Stream) -> Handler | None:
        outcome = await self._sent(stream, effect)
        if isinstance(outcome, Accepted) and _is_on_solana(stream):
            self._watcher.watch(effect.stream_id, effect.fence, effect.request)
            return None
        return lambda known, facts: on_broadcast(known, effect.fence, outcome, facts)

    async def _sent(self, stream: Stream, effect: EffectInHand) -> BroadcastOutcome:
        now, legs = self._engine.clock(), self._legs(stream)
        if effect.maybe_executed:
            known = await legs.inquire(stream, effect.request, now)
            if known is not None:
                return known
        return await legs.broadcast(stream, effect.request, now)

    def _legs(self, stream: Stream) -> Legs:
        return self._solana if _is_on_solana(stream) else self._others


def _is_on_solana(stream: Stream) -> bool:
    return stream.known(LegRequested).chain is Chain.SOLANA
