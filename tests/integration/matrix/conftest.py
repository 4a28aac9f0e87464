"""One platform for all cells, on a chain that is fast."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.platform import Platform
from infrastructure.db.pool import connect
from tests.integration.api.client import demo_people, loopback, renew
from tests.integration.conftest import SharedPlatform
from tests.integration.matrix.world import World


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix") / "data"


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(data_dir)


@pytest.fixture
async def world(platform: Platform) -> AsyncIterator[World]:
    """Without any fault and without the memory of any, before and after."""
    connection = await connect(platform.ready.database_url)
    async with loopback() as http:
        person = demo_people(platform.ready, http)["alice"]
        found = World(person=person, connection=connection)
        await found.calm()
        await renew(person)
        yield found
        await found.calm()
    await connection.close()
