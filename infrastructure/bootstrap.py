"""The composition root: what each process of the platform is made of."""

import asyncio
import importlib
import logging
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from broadcaster import Broadcast
from starlette.applications import Starlette

from domain.registry import REGISTRY
from domain.shared.ids import StreamId
from domain.shared.unit import EffectRequested, Group, Unit
from infrastructure.catalogue.catalogue import Catalogue
from infrastructure.chains.solana.model import Level
from infrastructure.collector import spare_collector
from infrastructure.db.clock import SYNC_SECONDS, DatabaseClock
from infrastructure.db.committer import Committer
from infrastructure.db.dues import DueReader
from infrastructure.db.effects import EffectStore
from infrastructure.db.identity import IdentityStore
from infrastructure.db.log import LogRefill, RelayStore
from infrastructure.db.migrate import check_schema
from infrastructure.db.news import NewsReader
from infrastructure.db.openings import OpeningReader
from infrastructure.db.pool import Pool, connect, create_pool
from infrastructure.db.strategies import PositionReader
from infrastructure.db.streams import StreamReader
from infrastructure.db.views import DatabaseViews
from infrastructure.http import HttpClient
from infrastructure.inbound import open_inbound
from infrastructure.messaging.backend import RedisPublisher, SteadyRedisBackend, redis_client
from infrastructure.messaging.feed import TransactionFeed
from infrastructure.messaging.hub import Hub
from infrastructure.outside import open_outside, open_webhooks
from infrastructure.sagas.effects import CALL_SECONDS_MAX, LEASE_SECONDS, EffectExecutor
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.outside_effects import open_effects
from infrastructure.sagas.positions import PositionWatcher
from infrastructure.sagas.reactors import Reactor
from infrastructure.services.desks import open_movements, open_saved
from infrastructure.services.money import MoneyMovements
from infrastructure.services.policy import load_policy
from infrastructure.services.saved import SavedDesk
from infrastructure.services.signin import SignInDesk, StoredChallenges
from infrastructure.services.solana import open_gateway
from infrastructure.services.strategy_book import Ages
from infrastructure.services.tokens import token_authority
from infrastructure.settings import Settings, StartupError
from infrastructure.web.auth import TokenAuthority
from infrastructure.web.health import Check
from infrastructure.web.limits import WebLimits
from infrastructure.web.server import serving
from infrastructure.web.siws import SignInSettings, SignInWithSolana
from infrastructure.web.webhooks import Webhooks
from infrastructure.workers.durations import learn_durations
from infrastructure.workers.fee_payer import FeePayerWatch
from infrastructure.workers.relay import Relay
from infrastructure.workers.wakeup import WakeupListener, WakeupPublisher

logger = logging.getLogger(__name__)

API: Final = "api"
WORKER: Final = "worker"
RELAY: Final = "relay"
ALL_ROLES: Final = frozenset({API, WORKER, RELAY})
APP: Final = "app"
"""By name: the application imports schema and resolvers, which nothing beneath it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """What the application is put together from."""

    views: DatabaseViews
    movements: MoneyMovements
    saved: SavedDesk
    webhooks: Webhooks
    feed: TransactionFeed
    sign_in: SignInDesk
    texts: Catalogue
    tokens: TokenAuthority
    limits: WebLimits
    allowed_origins: tuple[str, ...]
    checks: dict[str, Check]


async def run_roles(
    settings: Settings,
    *,
    roles: frozenset[str],
    contexts: frozenset[str],
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Runs `roles` until `stop` is set, and calls `ready` when all of them work.

    `contexts` are those whose reactions and effects a worker has. Raises `StartupError`.
    """
    async with AsyncExitStack() as resources:
        process = Process(settings, roles=roles, contexts=contexts, resources=resources)
        await process.open()
        spare_collector()
        ready()
        await process.until(stop)


class Process:
    """One process with its roles. What it opens is closed with `resources`, in reverse."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: frozenset[str],
        contexts: frozenset[str],
        resources: AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._roles = roles
        self._groups = _groups(roles, contexts)
        self._resources = resources
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._tasks: list[asyncio.Task[None]] = []
        self._wakers: list[Callable[[], None]] = []
        self._after_commit: list[Callable[[], None]] = []
        self._executor: EffectExecutor | None = None

    async def open(self) -> None:
        """Opens what the roles need, the innermost first."""
        settings = self._settings
        self._pool = await self._open_pool()
        self._clock = DatabaseClock(self._pool)
        await self._clock.sync()
        self._keep(self._sync_clock(), "clock")
        self._redis = redis_client(settings.redis_url)
        self._resources.push_async_callback(self._redis.aclose)
        if self._roles & {API, WORKER}:
            await self._open_engine()
        if RELAY in self._roles:
            self._open_relay()
        if WORKER in self._roles:
            self._open_worker()
        if self._roles != ALL_ROLES:
            await self._listen()
        if API in self._roles:
            await self._open_api()

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set; raises what a part of the process failed of."""
        stopped = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait(
                {stopped, *self._tasks}, return_when=asyncio.FIRST_COMPLETED
            )
            if stopped not in done:
                for task in done:
                    task.result()
                raise StartupError("a part of the process ended by itself")
        finally:
            stopped.cancel()

    async def _open_pool(self) -> Pool:
        size_max = self._settings.database_pool_size_max
        pool = await create_pool(self._settings.database_url, size_max=size_max)
        self._resources.push_async_callback(pool.close)
        await check_schema(pool)
        return pool

    async def _open_engine(self) -> None:
        settings = self._settings
        wakeups = WakeupPublisher(RedisPublisher(self._redis))
        self._resources.push_async_callback(wakeups.aclose)
        self._after_commit.append(wakeups.notify)
        executes = WORKER in self._roles and Group.PROVIDER in self._groups
        committer = Committer(
            lambda: connect(settings.database_url),
            lease_owner=self._name if executes else None,
            lease_seconds=LEASE_SECONDS,
            after_commit=self._committed,
        )
        await committer.start()
        self._committer = committer
        self._resources.push_async_callback(committer.close)
        self._engine = SagaEngine(
            commits=committer,
            streams=StreamReader(self._pool),
            profiles=IdentityStore(self._pool),
            dues=DueReader(self._pool),
            registry=REGISTRY,
            groups=self._groups,
            policy=load_policy(settings.sanctions_file, settings.figures_file),
            clock=self._clock,
            on_leased=self._leased,
        )
        self._keep(learn_durations(self._engine, OpeningReader(self._pool)), "durations")
        seconds = min(settings.provider_timeout_seconds, CALL_SECONDS_MAX)
        client = await self._resources.enter_async_context(HttpClient(timeout_seconds=seconds))
        self._gateway = open_gateway(settings, client)
        self._outside = open_outside(
            settings.providers_file,
            client,
            pool=self._pool,
            redis=self._redis,
            clock=self._clock,
            resources=self._resources,
            solana=self._gateway.healthy,
            ages=Ages(
                asked_again_seconds=settings.strategy_offers_seconds,
                stale_seconds=settings.strategy_stale_seconds,
            ),
        )

    def _open_worker(self) -> None:
        engine = self._engine
        news = NewsReader(self._pool, self._groups)
        self._resources.push_async_callback(news.save)
        reactor = Reactor(engine=engine, news=news)
        self._wakers.append(reactor.wake)
        self._keep(reactor.run(), "reactor")
        if Group.PROVIDER in self._groups:
            self._open_effects()
        if Group.WALLET in self._groups:
            inbound = open_inbound(
                engine,
                owner=self._name,
                pool=self._pool,
                gateway=self._gateway,
                chains=self._outside.providers.chains,
                settings=self._settings,
            )
            for name, work in inbound.items():
                self._keep(work, name)

    def _open_effects(self) -> None:
        engine = self._engine
        effects = open_effects(
            engine,
            self._gateway,
            self._outside,
            commitment=Level(self._settings.solana_commitment),
        )
        self._executor = EffectExecutor(
            engine=engine,
            owner=self._name,
            claims=EffectStore(self._pool),
            handlers=effects.handlers,
            reads=effects.reads,
        )
        self._wakers.append(self._executor.wake)
        fee_payer = FeePayerWatch(self._gateway, lamports_min=self._settings.fee_payer_lamports_min)
        self._keep(fee_payer.run(), "fee payer")
        positions = PositionWatcher(
            engine=engine,
            owner=self._name,
            positions=PositionReader(self._pool),
            protocols=self._outside.providers.defi,
            look_seconds=self._settings.strategy_watch_seconds,
        )
        self._keep(positions.run(), "positions")
        self._keep(self._outside.health.run(), "provider health")
        self._keep(effects.confirmations.run(), "confirmations")
        self._keep(self._executor.run(), "effects")

    def _open_relay(self) -> None:
        store = RelayStore(self._pool)
        relay = Relay(
            log=StreamReader(self._pool),
            store=store,
            tenure=store,
            publisher=RedisPublisher(self._redis),
            holder=self._name,
        )
        self._wakers.append(relay.doorbell.ring)
        self._after_commit.append(relay.doorbell.ring)
        self._keep(relay.run(), "relay")

    async def _listen(self) -> None:
        """Others commit too; a process with every role hears of them by its polls."""
        backend = SteadyRedisBackend(self._settings.redis_url)
        await self._resources.enter_async_context(WakeupListener(backend, self._wake))

    async def _open_api(self) -> None:
        settings = self._settings
        hub = Hub(
            Broadcast(backend=SteadyRedisBackend(settings.redis_url)),
            LogRefill(StreamReader(self._pool)),
        )
        await self._resources.enter_async_context(hub)
        app = _create_app()(self._api_parts(hub))
        server = await self._resources.enter_async_context(
            serving(app, host=settings.host, port=settings.port)
        )
        self._tasks.append(server)

    def _api_parts(self, hub: Hub) -> ApiParts:
        settings, pool = self._settings, self._pool
        identities = IdentityStore(pool)
        tokens = token_authority(settings, self._clock)
        domain = settings.sign_in_domain
        return ApiParts(
            views=DatabaseViews(pool, fee_reserve=self._engine.policy.figures.fee_reserve),
            movements=open_movements(self._engine, pool, self._gateway, self._outside),
            saved=open_saved(self._engine, pool, self._outside, self._gateway),
            webhooks=open_webhooks(
                self._outside,
                pool,
                rides=self._committer,
                executor=self._executor,
                now=self._clock,
                heard=self._webhook_stored,
            ),
            feed=TransactionFeed(hub),
            sign_in=SignInDesk(
                wallets=SignInWithSolana(
                    SignInSettings(domain=domain, uri=f"https://{domain}"),
                    StoredChallenges(identities),
                    now=self._clock,
                ),
                users=identities,
                tokens=tokens,
                lifetime=timedelta(seconds=settings.token_lifetime_seconds),
                now=self._clock,
            ),
            texts=Catalogue.load(),
            tokens=tokens,
            limits=WebLimits(body_bytes_max=settings.request_body_bytes_max),
            allowed_origins=settings.allowed_origins,
            checks={"database": self._database_answers, "redis": self._redis_answers},
        )

    async def _database_answers(self) -> None:
        await self._pool.fetchval("SELECT 1")

    async def _redis_answers(self) -> None:
        await self._redis.ping()

    async def _sync_clock(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            await self._clock.sync()

    def _committed(self, _units: Sequence[Unit]) -> None:
        for told in self._after_commit:
            told()

    def _webhook_stored(self) -> None:
        """Something is due now: here, or in the workers, who hear of it as of a commit."""
        self._committed(())
        if self._executor is not None:
            self._executor.wake()

    def _wake(self) -> None:
        for waker in self._wakers:
            waker()

    def _leased(self, stream_id: StreamId, effect: EffectRequested, epoch: int) -> None:
        if self._executor is not None:
            self._executor.leased(stream_id, effect, epoch)

    def _keep(self, work: Coroutine[object, object, None], name: str) -> None:
        """Runs beside everything else until the process ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        self._resources.push_async_callback(_cancel, task)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _groups(roles: frozenset[str], contexts: frozenset[str]) -> tuple[Group, ...]:
    """Who reacts inline; the orchestrator where the transactions are. An API alone records its
    transactions, so that what it answers is there to be read; all else is the workers'."""
    if WORKER in roles:
        groups = {Group(context) for context in contexts}
        if Group.TRANSACTION in groups:
            groups.add(Group.ORCHESTRATOR)
        return tuple(groups)
    return (Group.TRANSACTION,)


def _create_app() -> Callable[[ApiParts], Starlette]:
    return cast("Callable[[ApiParts], Starlette]", importlib.import_module(APP).create_app)
