"""Everything of a process that speaks to providers, opened together."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from redis.asyncio import Redis

from domain.provider.ports.answers import Provider
from infrastructure.db.inbox import Inbox
from infrastructure.db.openings import OpeningReader
from infrastructure.db.pool import Pool
from infrastructure.db.returns import ReturnReader
from infrastructure.db.standings import StandingStore
from infrastructure.guard.guards import Guards
from infrastructure.guard.states import GuardStates
from infrastructure.http import HttpClient
from infrastructure.sagas.effects import EffectExecutor
from infrastructure.sagas.hints import Hints, Rides
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.model import load_connections
from infrastructure.services.connections.providers import Providers, open_providers
from infrastructure.services.offers import OfferCollector
from infrastructure.services.prices import PriceBook
from infrastructure.services.providers import ProviderList, load_providers
from infrastructure.services.standings import Standings
from infrastructure.services.strategy_book import Ages, StrategyBook, load_goals
from infrastructure.web.webhooks import Webhooks
from infrastructure.workers.provider_health import Check, ProviderHealthWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`offers` and `prices` serve every flow, `strategies` those of strategies; `health` is a worker's
    to run."""

    providers: Providers
    listed: ProviderList
    standings: Standings
    offers: OfferCollector
    prices: PriceBook
    strategies: StrategyBook
    returns: ReturnReader
    health: ProviderHealthWatch


def open_outside(
    connections_file: Path | None,
    client: HttpClient,
    *,
    pool: Pool,
    redis: Redis,
    clock: Callable[[], datetime],
    resources: AsyncExitStack,
    solana: Check,
    ages: Ages,
) -> Outside:
    """`solana`: whether that chain's own gateway is well. Raises `StartupError` for a file that is wrong or a key that is none."""
    listed = load_providers()
    guards = Guards(GuardStates(redis), listed.guard_limits, clock)
    resources.push_async_callback(guards.aclose)
    access = Access(client, clock, guards)
    providers = open_providers(load_connections(connections_file), access)
    store = StandingStore(pool)
    standings = Standings(store, guards)
    return Outside(
        providers=providers,
        listed=listed,
        standings=standings,
        offers=OfferCollector(
            registry=listed.registry,
            weights=listed.weights,
            records=OpeningReader(pool),
            standing=standings,
        ),
        prices=PriceBook(providers.prices, clock=clock),
        strategies=StrategyBook(
            providers.defi, goals=load_goals(), standing=standings, ages=ages, clock=clock
        ),
        returns=ReturnReader(pool),
        health=ProviderHealthWatch({**_checks(providers), "solana": solana}, store),
    )


def open_webhooks(
    outside: Outside,
    pool: Pool,
    *,
    rides: Rides,
    executor: EffectExecutor | None,
    now: Callable[[], datetime],
    heard: Callable[[], None],
) -> Webhooks:
    """What providers tell by themselves; looked at here where this process has an `executor`."""
    hints = Hints(inbox=Inbox(pool), rides=rides, look=executor.look if executor else None)
    return Webhooks(readers=outside.providers.webhook_readers, inbox=hints, now=now, heard=heard)


def _checks(providers: Providers) -> Mapping[str, Check]:
    """Each once: who has prices too is asked as what it is first."""
    known: dict[str, Provider] = {
        **providers.prices,
        **providers.on_ramps,
        **providers.off_ramps,
        **providers.dexes,
        **providers.defi,
    }
    chains = {chain.lower(): gateway.healthy for chain, gateway in providers.chains.items()}
    return {name: provider.healthy for name, provider in known.items()} | chains
