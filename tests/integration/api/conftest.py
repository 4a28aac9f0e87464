"""One platform for all tests, and in each test its users at rest."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform
from infrastructure.db.pool import connect
from resolvers.ids import Kind, encode
from tests.integration.api.client import Person, Records, demo_people, loopback, renew
from tests.integration.api.converting import World, opened
from tests.integration.conftest import SharedPlatform

People = dict[str, Person]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api") / "data"


@pytest.fixture
def platform(shared_platform: SharedPlatform, data_dir: Path) -> Platform:
    return shared_platform.of(data_dir, {"DIBOAS_STRATEGY_WATCH_SECONDS": "1"})


@pytest.fixture
def secret(platform: Platform, data_dir: Path) -> str:
    """What the platform signs its tokens with."""
    return (data_dir / "keys" / "jwt_secret").read_text()


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
async def people(
    platform: Platform, http: httpx.AsyncClient, records: Records
) -> AsyncIterator[People]:
    """Alice (with most of the money), bob and carol; whatever a test leaves open is ended."""
    found = demo_people(platform.ready, http)
    await renew(found["alice"])
    yield found
    for username, key in await records.open_transactions():
        person, identifier = found[username], encode(Kind.TRANSACTION, key)
        await person.cancel(identifier)
        await person.ended(identifier)


@pytest.fixture
def alice(people: People) -> Person:
    return people["alice"]


@pytest.fixture
def bob(people: People) -> Person:
    return people["bob"]


@pytest.fixture
def carol(people: People) -> Person:
    return people["carol"]


@pytest.fixture
def stranger(platform: Platform, http: httpx.AsyncClient, alice: Person) -> Person:
    """Somebody who has not signed in."""
    return Person(name="", token="", keypair=alice.keypair, http=http, ready=platform.ready)


@pytest.fixture
async def world(
    platform: Platform, data_dir: Path, http: httpx.AsyncClient
) -> AsyncIterator[World]:
    """Without any fault, and without the memory of one."""
    async with opened(platform, data_dir, http) as found:
        yield found
