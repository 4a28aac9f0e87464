"""One platform for all tests of a worker, which looks at its chains several times a second."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform, started
from infrastructure.db.pool import connect
from tests.integration.api.client import Person, Records, demo_people, loopback

CHAINS = ("SOLANA", "BITCOIN", "ETHEREUM", "SUI")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("inbound")
    quick = {f"DIBOAS_INBOUND_{chain}_SECONDS": "0.3" for chain in CHAINS}
    with started(folder / "data", settings=quick) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with loopback() as client:
        yield client


@pytest.fixture
async def records(platform: Platform) -> AsyncIterator[Records]:
    connection = await connect(platform.ready.database_url)
    yield Records(connection)
    await connection.close()


@pytest.fixture
def alice(platform: Platform, http: httpx.AsyncClient) -> Person:
    return demo_people(platform.ready, http)["alice"]
