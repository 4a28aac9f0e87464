"""Worlds: a migrated database with a committer, and the invariants checked behind each test."""

import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from infrastructure.db.committer import Committer
from infrastructure.db.pool import connect, create_pool
from infrastructure.embedded.postgres import EmbeddedPostgres
from tests.conftest import Database
from tests.integration.db.world import World, superuser


@pytest.fixture(scope="session")
def shared_database(
    postgres_server: EmbeddedPostgres, database_template: str, worker_id: str
) -> Iterator[Database]:
    """A database of this worker's tests: they keep apart by streams, accounts and names of their
    own. A copy a test would take longer than most tests do."""
    name = f"test_{worker_id}_shared"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {database_template}")
    yield Database(
        name=name,
        admin_url=postgres_server.url(name),
        owner_url=postgres_server.url(name, user="diboas_owner"),
        app_url=postgres_server.url(name, user="diboas_app"),
    )
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def world(shared_database: Database) -> AsyncIterator[World]:
    """The worker's shared database; every invariant holds in it when the test has passed."""
    async with _opened(shared_database) as opened:
        yield opened
        assert await opened.violations() == []


@pytest.fixture
async def broken_world(database: Database) -> AsyncIterator[World]:
    """A database of this test alone, whose invariants may end broken."""
    async with _opened(database) as opened:
        yield opened


@pytest.fixture
async def own_world(broken_world: World) -> AsyncIterator[World]:
    """A database of this test alone; every invariant holds in it when the test has passed."""
    yield broken_world
    assert await broken_world.violations() == []


@contextlib.asynccontextmanager
async def _opened(database: Database) -> AsyncIterator[World]:
    async with contextlib.AsyncExitStack() as closing:
        pool = await create_pool(database.app_url, size_max=4)
        closing.push_async_callback(pool.close)
        admin = await superuser(database)
        closing.push_async_callback(admin.close)
        committer = Committer(lambda: connect(database.app_url))
        await committer.start()
        closing.push_async_callback(committer.close)
        yield World(database, pool, admin, committer, closing)
