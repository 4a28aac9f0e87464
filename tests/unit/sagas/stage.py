"""An engine on a log in memory, which fences effects by their epochs as the database does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from domain.registry import REGISTRY
from domain.shared.decision import Profile
from domain.shared.ids import EffectId, StreamId, UserId, WalletId
from domain.shared.stream import Stream
from domain.shared.unit import (
    CommitResult,
    Committed,
    EffectRequested,
    EffectState,
    Group,
    Stale,
    Unit,
)
from infrastructure.sagas.engine import Policy, SagaEngine
from tests.unit.domain.send.journey import FACTS, START, Journey

TURNS: Final = 50
"""More than any chain of tasks here has links."""


async def turn() -> None:
    """Everybody goes on until they wait for somebody."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


@dataclass
class Log:
    """What the database keeps. `epochs` are those of whoever holds an effect now; an effect that is
    not among them is nobody's. `before_commit` is what another writer does just before the next
    commit."""

    stream_: Stream
    now: datetime = START
    epochs: dict[EffectId, int] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    tried: int = 0
    leased: list[EffectRequested] = field(default_factory=list)
    on_leased: Callable[[StreamId, EffectRequested, int], None] | None = None
    before_commit: Callable[[], None] | None = None

    @property
    def types(self) -> list[list[str]]:
        """The types of the events of each commit."""
        return [[event.type for event in unit.events] for unit in self.units]

    def ended(self, number: int) -> dict[EffectId, EffectState]:
        """How effects moved in that commit."""
        return {moved.id: moved.state for moved in self.units[number].effects_moved}

    def clock(self) -> datetime:
        return self.now

    async def stream(self, _stream_id: StreamId) -> Stream | None:
        return self.stream_

    async def profile(self, _user_id: UserId) -> Profile | None:
        return FACTS.profile

    async def fee_due(self, _wallet_id: WalletId) -> int:
        return 0

    async def commit(self, unit: Unit) -> CommitResult:
        self.tried += 1
        meanwhile, self.before_commit = self.before_commit, None
        if meanwhile is not None:
            meanwhile()
        if unit.expected_sequence != self.stream_.sequence:
            return Stale("stream")
        requested = {effect.id for effect in unit.effects_requested}
        for moved in unit.effects_moved:
            known = self.epochs.get(moved.id)
            if moved.id not in requested and moved.epoch not in (None, known):
                return Stale(f"effect:{moved.id}")
        self._keep(unit)
        ended = {moved.id for moved in unit.effects_moved}
        due = [e for e in unit.effects_requested if e.due_at <= self.now and e.id not in ended]
        self.epochs |= {effect.id: 1 for effect in due}
        self.leased += due
        return Committed({effect.id: 1 for effect in due})

    def engine(self) -> SagaEngine:
        return SagaEngine(
            commits=self,
            streams=self,
            profiles=self,
            dues=self,
            registry=REGISTRY,
            groups=tuple(Group),
            policy=Policy(figures=FACTS.figures, screening=FACTS.screening),
            clock=self.clock,
            on_leased=self._tell,
        )

    def _tell(self, stream_id: StreamId, effect: EffectRequested, epoch: int) -> None:
        if self.on_leased is not None:
            self.on_leased(stream_id, effect, epoch)

    def _keep(self, unit: Unit) -> None:
        handled = dict(self.stream_.handled) | {g: to for g, (_, to) in unit.handled.items()}
        self.stream_ = replace(self.stream_.extended(unit.events), handled=handled)
        self.units.append(unit)


def log_of(journey: Journey, *held: EffectId) -> Log:
    """With what has happened on the journey, and these effects held by whoever is tested."""
    return Log(journey.stream, now=journey.facts.now, epochs=dict.fromkeys(held, 1))
