"""The catalogue of strategies: what one protocol does not tell takes nothing from the others."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.provider.ports.answers import NotAttempted
from domain.provider.ports.defi import StrategyOffer
from domain.provider.registry import Rejection
from domain.shared.assets import USDC
from domain.shared.errors import Refused
from infrastructure.providers.memory.defi import MemoryStrategies
from infrastructure.services.strategy_book import (
    ASKED_AGAIN_SECONDS,
    STALE_SECONDS,
    StrategyBook,
    load_goals,
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def skip(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Standings:
    def __init__(self) -> None:
        self.off: set[str] = set()

    async def rejection(self, provider: str) -> Rejection | None:
        return Rejection.BREAKER_OPEN if provider in self.off else None


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.standings = Standings()
        self.kamino = self.protocol("kamino")
        self.lend = self.protocol("jupiter_lend")
        self.book = StrategyBook(
            {"kamino": self.kamino, "jupiter_lend": self.lend},
            goals=load_goals(),
            standing=self.standings,
            clock=self.clock,
        )

    def protocol(self, name: str) -> MemoryStrategies:
        offer = StrategyOffer(
            id="vault",
            name="Vault",
            asset=USDC,
            apy=Decimal("0.05"),
            minimum=1_000_000,
            lock_seconds=0,
            exit_fee_millionths=0,
            liquidity=None,
            total_value=None,
            source=name,
            at=self.clock(),
        )
        return MemoryStrategies(terms=[offer], clock=self.clock, name=name)


async def test_a_protocol_that_is_away_is_named_and_the_others_are_shown() -> None:
    world = World()
    world.kamino.setbacks.append(NotAttempted(reason="away"))

    found = await world.book.catalogue()

    assert [each.provider for each in found.strategies] == ["jupiter_lend"]
    assert [(each.provider, each.reason) for each in found.missing] == [("kamino", "away")]


async def test_what_was_told_before_is_shown_on_and_becomes_stale() -> None:
    world = World()
    await world.book.catalogue()
    told_at = world.clock()
    world.kamino.setbacks.extend([NotAttempted(reason="away")] * 2)

    world.clock.skip(ASKED_AGAIN_SECONDS)
    found = {each.provider: each for each in (await world.book.catalogue()).strategies}
    assert (found["kamino"].at, found["kamino"].stale) == (told_at, False)
    assert (await world.book.offer("kamino:vault"))[1].at == told_at

    world.clock.skip(STALE_SECONDS)
    found = {each.provider: each for each in (await world.book.catalogue()).strategies}
    assert found["kamino"].stale
    assert not found["jupiter_lend"].stale
    with pytest.raises(Refused, match="PRV_UNAVAILABLE"):
        await world.book.offer("kamino:vault")


async def test_within_its_age_a_protocol_is_not_asked_again() -> None:
    world = World()
    await world.book.catalogue()
    world.kamino.setbacks.append(NotAttempted(reason="away"))

    world.clock.skip(ASKED_AGAIN_SECONDS - 1)
    assert (await world.book.catalogue()).missing == ()
    world.clock.skip(1)
    assert len((await world.book.catalogue()).missing) == 1


async def test_nothing_begins_with_a_protocol_that_may_not_be_used() -> None:
    world = World()
    world.standings.off.add("kamino")

    with pytest.raises(Refused, match="PRV_UNAVAILABLE"):
        await world.book.offer("kamino:vault")
    assert (await world.book.offer("jupiter_lend:vault"))[0] == "jupiter_lend"


async def test_whoever_leaves_is_kept_in_by_no_switch_and_no_list() -> None:
    world = World()
    world.standings.off.add("kamino")

    told = await world.book.known("kamino:vault")

    assert told is not None
    assert told.id == "vault"
    assert await world.book.known("kamino:other") is None
    assert await world.book.known("nobody:vault") is None


@pytest.mark.parametrize("identifier", ["kamino:other", "nobody:vault", "", "kamino"])
async def test_what_nobody_offers_is_unknown(identifier: str) -> None:
    with pytest.raises(Refused, match="TXN_STRATEGY_UNKNOWN"):
        await World().book.offer(identifier)


async def test_a_goal_takes_what_is_no_riskier_than_itself() -> None:
    found = {each.provider: each for each in (await World().book.catalogue()).strategies}

    assert "Emergency Fund" in found["jupiter_lend"].goals
    assert "Emergency Fund" not in found["kamino"].goals
    assert "Dream Vacation" in found["kamino"].goals
