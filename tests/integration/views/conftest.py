from collections.abc import AsyncIterator

import pytest

from infrastructure.db.committer import Committer
from infrastructure.db.pool import connect, create_pool
from infrastructure.db.views import DatabaseViews
from tests.conftest import Database
from tests.integration.views.stage import Stage


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """A database of this test alone, a committer into it and the views out of it."""
    pool = await create_pool(database.app_url, size_max=4)
    committer = Committer(lambda: connect(database.app_url), lease_owner="test")
    await committer.start()
    yield Stage(pool, committer, DatabaseViews(pool, fee_reserve=4))
    await committer.close()
    await pool.close()
