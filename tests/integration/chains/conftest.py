"""One platform for all tests, whose world no test moves on in time: what is sold needs
prices that are fresh."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.platform import Platform
from tests.integration.api.client import Person, owner_of
from tests.integration.api.conftest import alice, bob, carol, http, people, records
from tests.integration.chains.outside import Outside
from tests.integration.conftest import SharedPlatform

__all__ = ["alice", "bob", "carol", "http", "people", "records"]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chains") / "data"


CHAINS = ("SOLANA", "BITCOIN", "ETHEREUM", "SUI")
WATCHFUL = {f"DIBOAS_INBOUND_{chain}_SECONDS": "0.3" for chain in CHAINS} | {
    "DIBOAS_INBOUND_PATIENCE_SECONDS": "1"
}
"""The watchers for unannounced money compete with the flows for what these bring."""


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(data_dir, WATCHFUL)


@pytest.fixture
async def outside(alice: Person) -> AsyncIterator[Outside]:
    async with owner_of(alice.ready) as connection:
        yield Outside(person=alice, connection=connection)
