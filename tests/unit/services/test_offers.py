"""Offers of exchanges: the same collector serves every type of provider."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.registry import Capability, ProviderKind, Rejection, Wanted
from domain.shared.assets import Chain
from infrastructure.db.openings import Record
from infrastructure.services import offers
from infrastructure.services.connections.model import Connections
from infrastructure.services.offers import Bid, Collected, OfferCollector, Standing
from infrastructure.services.policy import FIGURES_FILE, load_figures
from infrastructure.services.providers import load_providers

SWAP = Wanted(
    kind=ProviderKind.DEX,
    capability=Capability.SWAP,
    asset="SOL",
    source="USDC",
    amount_cents=10_000,
    country="US",
    chains=frozenset({Chain.SOLANA}),
)


class Nobody:
    async def records(self) -> Mapping[str, Record]:
        return {}


@dataclass(frozen=True)
class Down:
    """One provider may not be used."""

    name: str

    async def rejection(self, provider: str) -> Rejection | None:
        return Rejection.BREAKER_OPEN if provider == self.name else None


class Exchange:
    def __init__(self, amount: int | None, *, seconds: float = 0.0) -> None:
        self.amount = amount
        self.seconds = seconds


async def ask(exchange: Exchange) -> Bid[str] | Setback:
    await asyncio.sleep(exchange.seconds)
    if exchange.amount is None:
        return NotAttempted(reason="away")
    return Bid(f"quote of {exchange.amount}", delivered=exchange.amount, seconds=10)


async def collected(
    wanted: Wanted, exchanges: Mapping[str, Exchange], standing: Standing | None = None
) -> Collected[str]:
    listed = load_providers()
    collector = OfferCollector(
        registry=listed.registry,
        weights=listed.weights,
        records=Nobody(),
        standing=standing or Down(""),
    )
    return await collector.collect(wanted, exchanges, ask)


def reasons(found: Collected[str]) -> dict[str, str]:
    return {each.provider: each.reason for each in found.rejected}


async def test_the_best_comes_first_and_the_others_say_why_not() -> None:
    found = await collected(SWAP, {"jupiter": Exchange(100), "lifi": Exchange(200)})

    assert [(each.provider, each.quote) for each in found.offers] == [
        ("lifi", "quote of 200"),
        ("jupiter", "quote of 100"),
    ]
    assert found.offers[0].score > found.offers[1].score
    assert reasons(found) == {"debridge": Rejection.CAPABILITY.value}
    assert found.policy_version == load_providers().registry.version


async def test_a_setback_is_the_reason() -> None:
    found = await collected(SWAP, {"jupiter": Exchange(100), "lifi": Exchange(None)})
    assert reasons(found)["lifi"] == "no quote: away"


async def test_who_is_slow_is_left_out_and_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "QUOTE_SECONDS_MAX", 0.05)
    slow = {"jupiter": Exchange(300, seconds=5), "lifi": Exchange(100, seconds=0.01)}

    found = await asyncio.wait_for(collected(SWAP, slow), 1)

    assert [each.provider for each in found.offers] == ["lifi"]
    assert reasons(found)["jupiter"] == "no quote: no answer in time"


async def test_who_may_not_be_used_is_not_asked() -> None:
    found = await collected(
        SWAP, {"jupiter": Exchange(300), "lifi": Exchange(100)}, Down("jupiter")
    )

    assert [each.provider for each in found.offers] == ["lifi"]
    assert reasons(found)["jupiter"] == Rejection.BREAKER_OPEN.value


async def test_who_has_no_connection_is_out() -> None:
    found = await collected(SWAP, {"lifi": Exchange(100)})
    assert reasons(found)["jupiter"] == Rejection.DISABLED.value


def test_everything_that_can_be_connected_is_listed() -> None:
    """And Solana, whose nodes are settings of their own."""
    connected = {*Connections.__struct_fields__, "solana"}
    assert set(load_providers().registry.entries) == connected


def test_the_version_that_a_choice_is_stored_with_names_list_and_figures() -> None:
    assert load_providers().registry.version == load_figures(FIGURES_FILE).policy_version
