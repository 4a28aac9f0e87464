"""One platform for all cells of a worker, on a chain that is fast."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.platform import Platform, started
from infrastructure.db.pool import connect
from tests.integration.api.client import demo_people, loopback, renew
from tests.integration.matrix.world import World


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(tmp_path_factory.mktemp("matrix") / "data") as running:
        yield running


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
