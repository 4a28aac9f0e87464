"""One platform for all tests, which looks at its chains several times a second."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform
from infrastructure.db.pool import connect
from tests.integration.api.client import Person, Records, demo_people, loopback
from tests.integration.conftest import SharedPlatform

CHAINS = ("SOLANA", "BITCOIN", "ETHEREUM", "SUI")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbound") / "data"


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(
        data_dir, {f"DIBOAS_INBOUND_{chain}_SECONDS": "0.3" for chain in CHAINS}
    )


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
