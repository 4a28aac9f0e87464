"""Every price source over one simulated market, and its twin in memory."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from starlette.routing import BaseRoute

from domain.provider.ports.answers import NotAttempted
from domain.provider.ports.prices import PriceSource
from infrastructure.providers.coingecko.adapter import CoinGeckoPrices
from infrastructure.providers.jupiter.prices import JupiterPrices
from infrastructure.providers.memory.prices import MemoryPrices
from infrastructure.sandbox.coingecko import server as coingecko
from infrastructure.sandbox.frame.faults import FaultKind
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter import server as jupiter
from infrastructure.sandbox.market import FIRST_MICRO_USD, Market
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from tests.contracts.worlds import BASE_URL, NOON, ProviderWorld, provider_world

HASTY_SECONDS = 0.15
LONG_MS = 2_000
WAITED_FOR = frozenset({"latency", "timeout_before_executing", "timeout_after_executing"})


@dataclass(frozen=True)
class Source:
    """`refused` makes the next question fail in that way and answers whom to ask."""

    name: str
    adapter: PriceSource
    knows: frozenset[str]
    set_price: Callable[[str, int], None]
    refused: Callable[[FaultKind], PriceSource]
    now: Callable[[], datetime]


@pytest.fixture
async def world() -> AsyncIterator[ProviderWorld]:
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: NOON)

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        return [*coingecko.mount(world, sender), *jupiter.mount(world, sender, chain=node)]

    async with provider_world(mounts) as opened:
        yield opened
    node.close()


def adapter_of(
    world: ProviderWorld, name: str, *, read_seconds: float = 5.0, api_key: str | None = None
) -> PriceSource:
    clock = world.world.clock.now
    key = api_key or world.world.credential(name, "api_key")
    if name == "jupiter":
        return JupiterPrices(
            world.client,
            base_url=f"{BASE_URL}/jupiter",
            api_key=key,
            clock=clock,
            read_seconds=read_seconds,
        )
    return CoinGeckoPrices(
        world.client,
        base_url=f"{BASE_URL}/coingecko/api/v3",
        api_key=key,
        clock=clock,
        read_seconds=read_seconds,
    )


def simulated(world: ProviderWorld, name: str, knows: frozenset[str]) -> Source:
    def refuse(kind: FaultKind) -> PriceSource:
        slow = {"latency_ms": LONG_MS, "hang_ms": LONG_MS}
        world.fault(kind, name, operations=["price"], **slow)
        return adapter_of(world, name, read_seconds=HASTY_SECONDS if kind in WAITED_FOR else 5.0)

    market = Market(world.world)
    adapter = adapter_of(world, name)
    return Source(name, adapter, knows, market.set_price, refuse, world.world.clock.now)


def in_memory(world: ProviderWorld) -> Source:
    twin = MemoryPrices(FIRST_MICRO_USD, clock=world.world.clock.now)

    def refuse(kind: FaultKind) -> PriceSource:
        wait = 1 if kind == "rate_limit" else None
        twin.setbacks.append(NotAttempted(reason="told to", retry_after_seconds=wait))
        return twin

    knows = frozenset(FIRST_MICRO_USD)
    now = world.world.clock.now
    return Source("memory", twin, knows, twin.micro_usd.__setitem__, refuse, now)


@pytest.fixture(params=["jupiter", "coingecko", "memory"])
def source(request: pytest.FixtureRequest, world: ProviderWorld) -> Source:
    if request.param == "memory":
        return in_memory(world)
    knows = frozenset({"USDC", "SOL"} if request.param == "jupiter" else FIRST_MICRO_USD)
    return simulated(world, request.param, knows)
