"""One platform for all cells of a worker, on a chain that is fast."""

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bench.platform import Platform, started
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.db.pool import connect
from tests.integration.api.client import Person, renew
from tests.integration.matrix.world import World


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(tmp_path_factory.mktemp("matrix") / "data") as running:
        yield running


@pytest.fixture
async def world(platform: Platform) -> AsyncIterator[World]:
    """Without any fault and without the memory of any, before and after."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = await connect(platform.ready.database_url)
    async with httpx.AsyncClient(trust_env=False, timeout=20, verify=context) as http:
        alice = platform.ready.user("alice")
        person = Person(
            name="alice",
            token=alice.token,
            keypair=load_keypair(alice.keypair_file),
            http=http,
            ready=platform.ready,
        )
        found = World(person=person, connection=connection)
        await found.calm()
        await renew(person)
        yield found
        await found.calm()
    await connection.close()
