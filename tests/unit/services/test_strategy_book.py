"""The catalogue of strategies: what one protocol does not tell takes nothing from the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.ports.defi import StrategyOffer
from domain.provider.registry import Rejection
from domain.shared.assets import USDC
from domain.shared.errors import Refused
from infrastructure.providers.asking import TRIES_MAX
from infrastructure.providers.memory.defi import MemoryStrategies
from infrastructure.providers.setbacks import nonsense
from infrastructure.services.strategy_book import Ages, StrategyBook, load_goals

ASKED_AGAIN_SECONDS = 30
STALE_SECONDS = 300
LEAST = 10_000_000
AWAY = [NotAttempted(reason="away")] * TRIES_MAX


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def skip(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Standings:
    def __init__(self) -> None:
        self.off: dict[str, Rejection] = {}

    async def rejection(self, provider: str) -> Rejection | None:
        return self.off.get(provider)


class Protocol(MemoryStrategies):
    breaks = False
    minimum: int | None = None

    async def offers(self) -> tuple[StrategyOffer, ...] | Setback:
        if self.breaks:
            raise KeyError("vault")
        told = await super().offers()
        if self.minimum is None or not isinstance(told, tuple):
            return told
        return tuple(replace(offer, minimum=self.minimum) for offer in told)


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
            ages=Ages(asked_again_seconds=ASKED_AGAIN_SECONDS, stale_seconds=STALE_SECONDS),
            clock=self.clock,
        )

    def protocol(self, name: str) -> Protocol:
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
        return Protocol(terms=[offer], clock=self.clock, name=name)


async def test_a_protocol_that_is_away_is_named_and_the_others_are_shown() -> None:
    world = World()
    world.kamino.setbacks.extend(AWAY)

    found = await world.book.catalogue(least=LEAST)

    assert [each.provider for each in found.strategies] == ["jupiter_lend"]
    assert [(each.provider, each.reason) for each in found.missing] == [("kamino", "away")]


async def test_the_least_is_the_platforms_or_the_strategys_whichever_is_more() -> None:
    world = World()
    world.kamino.minimum = 20_000_000

    found = await world.book.catalogue(least=LEAST)

    assert {each.provider: each.minimum for each in found.strategies} == {
        "kamino": 20_000_000,
        "jupiter_lend": LEAST,
    }


async def test_a_single_failure_is_asked_over() -> None:
    world = World()
    world.kamino.setbacks.extend([NotAttempted(reason="away"), nonsense("no sense")])

    found = await world.book.catalogue(least=LEAST)

    assert {each.provider for each in found.strategies} == {"kamino", "jupiter_lend"}
    assert found.missing == ()


async def test_an_adapter_that_breaks_takes_nothing_from_the_others() -> None:
    world = World()
    world.kamino.breaks = True

    found = await world.book.catalogue(least=LEAST)

    assert [each.provider for each in found.strategies] == ["jupiter_lend"]
    assert [each.provider for each in found.missing] == ["kamino"]
    world.kamino.breaks = False
    world.clock.skip(ASKED_AGAIN_SECONDS)
    assert (await world.book.catalogue(least=LEAST)).missing == ()


async def test_what_an_operator_switched_off_is_named_and_not_shown() -> None:
    world = World()
    world.standings.off["kamino"] = Rejection.SWITCHED_OFF

    found = await world.book.catalogue(least=LEAST)

    assert [each.provider for each in found.strategies] == ["jupiter_lend"]
    assert [(each.provider, each.reason) for each in found.missing] == [
        ("kamino", "disabled by an operator")
    ]


async def test_what_fails_of_late_is_shown_and_named() -> None:
    world = World()
    world.standings.off["kamino"] = Rejection.BREAKER_OPEN

    found = await world.book.catalogue(least=LEAST)

    assert {each.provider for each in found.strategies} == {"kamino", "jupiter_lend"}
    assert [each.reason for each in found.missing] == ["too many failures of late"]


async def test_what_was_told_before_is_shown_on_and_becomes_stale() -> None:
    world = World()
    await world.book.catalogue(least=LEAST)
    told_at = world.clock()
    world.kamino.setbacks.extend(AWAY * 2)

    world.clock.skip(ASKED_AGAIN_SECONDS)
    found = {each.provider: each for each in (await world.book.catalogue(least=LEAST)).strategies}
    assert (found["kamino"].at, found["kamino"].stale) == (told_at, False)
    assert (await world.book.offer("kamino:vault"))[1].at == told_at

    world.clock.skip(STALE_SECONDS)
    found = {each.provider: each for each in (await world.book.catalogue(least=LEAST)).strategies}
    assert found["kamino"].stale
    assert not found["jupiter_lend"].stale
    with pytest.raises(Refused, match="PRV_UNAVAILABLE"):
        await world.book.offer("kamino:vault")


async def test_within_its_age_a_protocol_is_not_asked_again() -> None:
    world = World()
    await world.book.catalogue(least=LEAST)
    world.kamino.setbacks.extend(AWAY)

    world.clock.skip(ASKED_AGAIN_SECONDS - 1)
    assert (await world.book.catalogue(least=LEAST)).missing == ()
    world.clock.skip(1)
    assert len((await world.book.catalogue(least=LEAST)).missing) == 1


async def test_nothing_begins_with_a_protocol_that_may_not_be_used() -> None:
    world = World()
    world.standings.off["kamino"] = Rejection.SWITCHED_OFF

    with pytest.raises(Refused, match="PRV_UNAVAILABLE"):
        await world.book.offer("kamino:vault")
    assert (await world.book.offer("jupiter_lend:vault"))[0] == "jupiter_lend"


async def test_whoever_leaves_is_kept_in_by_no_switch_and_no_list() -> None:
    world = World()
    world.standings.off["kamino"] = Rejection.SWITCHED_OFF

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
    found = {each.provider: each for each in (await World().book.catalogue(least=LEAST)).strategies}

    assert "Emergency Fund" in found["jupiter_lend"].goals
    assert "Emergency Fund" not in found["kamino"].goals
    assert "Dream Vacation" in found["kamino"].goals


@pytest.mark.parametrize(
    ("terms", "amount", "found"),
    [
        ({}, 1_000_000, ["jupiter_lend:vault"]),
        ({"provider": "jupiter_lend"}, 1_000_000, []),
        ({"offer_id": "gone"}, 1_000_000, ["jupiter_lend:vault", "kamino:vault"]),
        ({}, 999_999, []),
    ],
)
async def test_what_takes_the_place_of_a_strategy_is_no_worse(
    terms: dict[str, str], amount: int, found: list[str]
) -> None:
    world = World()
    wanted = (await world.book.offer("kamino:vault"))[1].terms("kamino")
    wanted = replace(wanted, **terms)  # type: ignore[arg-type]  # the tests name real fields

    others = await world.book.others(wanted, amount)

    assert [f"{each.provider}:{each.offer_id}" for each in others] == found


async def test_what_may_not_be_used_takes_nobodys_place() -> None:
    world = World()
    wanted = (await world.book.offer("kamino:vault"))[1].terms("kamino")
    world.standings.off["jupiter_lend"] = Rejection.UNHEALTHY

    assert await world.book.others(wanted, 1_000_000) == ()
