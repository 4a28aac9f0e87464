"""Watches what is open in strategies: asks the protocols, writes only what became new."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from domain.provider.ports.defi import DeFiProvider, Position
from domain.shared.ids import StreamId, derived
from domain.shared.saga import Origin
from domain.wallet.positions import Valuation, Watched, news_of, tell_position
from infrastructure.db.strategies import FIRST, OpenPosition, WatchedPosition
from infrastructure.providers.asking import asked
from infrastructure.sagas.engine import Opening, SagaEngine

logger = logging.getLogger(__name__)

PAGE_POSITIONS: Final = 200
AT_ONCE_MAX: Final = 8
"""Questions under way: a protocol's rate limit is for users first."""
ASK_SECONDS_MAX: Final = 5.0
LEASE_MARGIN_SECONDS: Final = 30.0

_Asked = tuple[str, str, str]
"""A provider, its offer, an owner: what is asked once for all positions in it."""


class OpenPositions(Protocol):
    """What the watcher reads, and its lease."""

    async def watched(self, after: UUID, limit: int) -> Sequence[WatchedPosition]: ...
    async def acquire(self, owner: str, *, seconds: float) -> bool: ...


class PositionWatcher:
    """`run` until cancelled; of several processes the one with the lease looks."""

    def __init__(
        self,
        *,
        engine: SagaEngine,
        owner: str,
        positions: OpenPositions,
        protocols: Mapping[str, DeFiProvider],
        look_seconds: float,
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._positions = positions
        self._protocols = protocols
        self._look_seconds = look_seconds
        self._answered: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Looks, waits, looks again."""
        lease_seconds = self._look_seconds + LEASE_MARGIN_SECONDS
        while True:
            try:
                if await self._positions.acquire(self._owner, seconds=lease_seconds):
                    await self.look()
            except Exception:
                logger.exception("positions could not be watched")
            await asyncio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Tells what became new of any open position since the last look."""
        after, answered = FIRST, self._answered
        self._answered = {}
        while page := await self._positions.watched(after, PAGE_POSITIONS):
            values = await self._ask_for(page)
            for each in page:
                try:
                    await self._tell(each, values.get(_asked(each.position)), answered)
                except Exception:
                    # The others are told of all the same; this one again at the next look.
                    logger.exception("position %s could not be told of", each.position.id)
            after = page[-1].position.id

    async def _ask_for(self, page: Sequence[WatchedPosition]) -> Mapping[_Asked, Position | None]:
        wanted = list(dict.fromkeys(_asked(each.position) for each in page))
        gate = asyncio.Semaphore(AT_ONCE_MAX)
        found = await asyncio.gather(*(self._ask(each, gate) for each in wanted))
        return dict(zip(wanted, found, strict=True))

    async def _ask(self, wanted: _Asked, gate: asyncio.Semaphore) -> Position | None:
        provider, offer_id, owner = wanted
        protocol = self._protocols.get(provider)
        if protocol is None:
            return None
        async with gate:
            answer = await asked(
                lambda: protocol.get_strategy_status(offer_id, owner=owner),
                seconds=ASK_SECONDS_MAX,
            )
        return answer if isinstance(answer, Position) and answer.shares > 0 else None

    async def _tell(
        self,
        each: WatchedPosition,
        position: Position | None,
        answered: Mapping[UUID, datetime],
    ) -> None:
        """A position that is being closed is told of by its stop."""
        opened, now = each.position.opened, self._engine.clock()
        answered_at = now if position else answered.get(opened.position_id, now)
        self._answered[opened.position_id] = answered_at
        watched = Watched(
            opened=opened,
            principal=each.position.principal,
            told=each.told,
            seen=_valuation(position, opened.shares) if position else None,
            answered_at=answered_at,
        )
        if each.position.closing or news_of(watched, now) is None:
            return
        name = derived(opened.position_id, "news", str(watched.number))
        await self._engine.decide(
            StreamId(name),
            lambda stream, facts: tell_position(stream, watched, facts),
            opening=Opening(
                wallet_id=each.wallet_id,
                origin=Origin(user_id=each.user_id, correlation_id=str(opened.position_id)),
            ),
        )


def _asked(position: OpenPosition) -> _Asked:
    return position.opened.provider, position.opened.offer_id, position.owner_address


def _valuation(position: Position, shares: int) -> Valuation:
    return Valuation(value=position.worth(shares), source=position.source, at=position.at)
