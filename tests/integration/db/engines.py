"""Engines of processes that have every role, on the database of a test."""

from domain.registry import REGISTRY
from domain.shared.unit import Group
from infrastructure.db.clock import DatabaseClock
from infrastructure.db.dues import DueReader
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool, create_pool
from infrastructure.db.streams import StreamReader
from infrastructure.sagas.engine import Policy, SagaEngine
from infrastructure.services.policy import load_policy
from tests.integration.db.world import World


async def a_pool(world: World) -> Pool:
    """Connections of its own, closed with the world."""
    pool = await create_pool(world.database.app_url, size_max=4)
    world.closing.push_async_callback(pool.close)
    return pool


async def an_engine(world: World, pool: Pool, *, policy: Policy | None = None) -> SagaEngine:
    """As a process composes it, with a committer of its own."""
    clock = DatabaseClock(pool)
    await clock.sync()
    return SagaEngine(
        commits=await world.another_committer(),
        streams=StreamReader(pool),
        profiles=IdentityStore(pool),
        dues=DueReader(pool),
        registry=REGISTRY,
        groups=tuple(Group),
        policy=policy or load_policy(None),
        clock=clock,
    )
