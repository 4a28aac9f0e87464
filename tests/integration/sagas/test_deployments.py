"""A Send completes however its contexts are spread over processes, and without an orchestrator."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from bench.customers import apis, balances, send
from bench.platform import Ready
from infrastructure.demo.api import Api
from infrastructure.embedded.valkey import EmbeddedValkey
from tests.conftest import Database
from tests.integration.api.client import Person, demo_people, loopback
from tests.integration.matrix.flows import WISHES, begin
from tests.integration.matrix.leading import Leading
from tests.integration.sagas.roles import POLL_SECONDS, Deployment, deployed, on_the_chain
from tests.sequences import SEND

CONTEXTS = ("wallet", "transaction", "provider", "compliance")
SECONDS_MAX = 30.0
# The flow's own events in their order; general ones may stand between them.
FLOWS = {
    "alice": ("buy", "sell", "launch", "stop", "send"),
    "bob": (
        "deposit",
        "withdraw_to_bank",
        "withdraw_to_wallet",
        "withdraw_with_conversion",
        "buy_by_payment",
    ),
}
SENDS = (("alice", "bob", "25"), ("alice", "bob", "10"), ("bob", "carol", "7"))
EVENTS = """
    SELECT o.stream_id, o.type FROM outbox o JOIN stream s ON s.id = o.stream_id
    WHERE o.stream_id IN (SELECT stream_id FROM outbox WHERE type = 'SendTransactionInitiated')
    ORDER BY o.generation, o.xid, o.id
"""
UNHEARD = """
    SELECT s.id, g.name FROM stream s, unnest($1::text[]) AS g(name)
    WHERE coalesce((s.handled->>g.name)::int, 0) <> s.sequence
"""
# No module of an orchestrator can be imported, whatever its package is called. What contexts share
# is none of it: they know the events and commands of all flows.
PROGRAM = """
import sys

def is_one(name):
    return "orchestrat" in name.lower() and not name.startswith("domain.contracts.")

class Absent:
    def find_spec(self, name, path=None, target=None):
        if is_one(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from infrastructure.cli.main import main
code = main()
print("imported all the same:", [name for name in sys.modules if is_one(name)])
sys.exit(code)
"""

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.fixture
def deployment(
    tmp_path: Path, database: Database, valkey_server: EmbeddedValkey
) -> Iterator[Deployment]:
    with deployed(
        tmp_path,
        app_url=database.app_url,
        admin_url=database.admin_url,
        redis_url=valkey_server.url,
    ) as deployment:
        deployment.start("api")
        deployment.start("relay")
        yield deployment


@pytest.mark.chaos  # as the platform of every test of the API has them
async def test_all_contexts_in_one_process(deployment: Deployment) -> None:
    deployment.start("worker")
    await deployment.ready()
    ready = await deployment.seed()

    async with apis(ready) as users:
        await send_around(users, ready)
        await assert_all_is_well(deployment, users, ready)


@pytest.mark.chaos  # the next one has every flow
async def test_each_context_in_a_process_of_its_own(
    deployment: Deployment, database: Database
) -> None:
    *others, compliance = CONTEXTS
    for context in others:
        deployment.start("worker", "--contexts", context)
    await deployment.ready()
    ready = await deployment.seed()

    async with apis(ready) as users:
        sending = asyncio.create_task(send_around(users, ready))
        # Nobody does another's part: while one context is away, all sends wait for it.
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                if len(await sent_events(database.app_url)) == len(SENDS):
                    break
                await asyncio.sleep(POLL_SECONDS)
        await heard_by(database.app_url, *others)
        assert list((await sent_events(database.app_url)).values()) == [SEND[:1]] * len(SENDS)
        await deployment.ready(deployment.start("worker", "--contexts", compliance))
        await sending
        await assert_all_is_well(deployment, users, ready)


async def test_every_flow_with_each_context_in_a_process_of_its_own(
    deployment: Deployment,
) -> None:
    for context in CONTEXTS:
        deployment.start("worker", "--contexts", context)
    await deployment.ready()
    ready = await deployment.seed()

    assert sorted(flow for flows in FLOWS.values() for flow in flows) == sorted(WISHES)
    async with loopback() as http, asyncio.TaskGroup() as group:
        found = demo_people(ready, http)
        for name, flows in FLOWS.items():
            group.create_task(complete(found[name], flows))

    await heard_by(ready.database_url, *CONTEXTS)
    verified = await asyncio.to_thread(deployment.run, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_no_orchestrator_can_be_imported(deployment: Deployment) -> None:
    program = [sys.executable, "-P", "-c", PROGRAM]
    worker = deployment.start("worker", "--contexts", ",".join(CONTEXTS), program=program)
    await deployment.ready()
    ready = await deployment.seed()

    async with apis(ready) as users:
        await send_around(users, ready)
        await assert_all_is_well(deployment, users, ready)
    deployment.stop(worker)
    assert worker.said.endswith("imported all the same: []\n")


async def complete(person: Person, flows: Sequence[str]) -> None:
    """One after the other; what a later one needs, an earlier one leaves."""
    for flow in flows:
        ended = await Leading(person=person).to_its_end(await begin(person, flow))
        assert ended.outcome == "COMPLETED", (flow, ended)


async def send_around(users: Mapping[str, Api], ready: Ready) -> None:
    """Three sends at once; carol's account on the chain is made by what she gets."""
    async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
        for sender, recipient, amount in SENDS:
            group.create_task(send(users, ready, sender, recipient, amount))


async def assert_all_is_well(
    deployment: Deployment, users: Mapping[str, Api], ready: Ready
) -> None:
    """After `send_around`, on a platform that did nothing else."""
    events = await sent_events(ready.database_url)
    assert len(events) == len(SENDS)
    for found in events.values():
        assert [kind for kind in found if kind in SEND] == SEND

    held = await on_the_chain(ready)
    booked = await balances(users)
    assert {name: Decimal(amount) for name, amount in booked.items()} == held
    assert held["alice"] == 1000 - 25 - 10
    assert 250 + 25 + 10 - 7 - 1 < held["bob"] <= 250 + 25 + 10 - 7
    assert 7 - 1 < held["carol"] <= 7

    await heard_by(ready.database_url, *CONTEXTS)
    verified = await asyncio.to_thread(deployment.run, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.endswith(" invariants hold\n")


async def sent_events(database_url: str) -> dict[UUID, list[str]]:
    """The types of all events of each send, in the log's order."""
    events: dict[UUID, list[str]] = {}
    connection = await asyncpg.connect(database_url)
    for row in await connection.fetch(EVENTS):
        events.setdefault(row["stream_id"], []).append(row["type"])
    await connection.close()
    return events


async def heard_by(database_url: str, *contexts: str) -> None:
    """Returns when these contexts have handled every event that there is."""
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            if not await connection.fetch(UNHEARD, contexts):
                break
            await asyncio.sleep(POLL_SECONDS)
    await connection.close()
