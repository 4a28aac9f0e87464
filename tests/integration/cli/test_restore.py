"""A dump restored into a new cluster: nothing serves before it is told so, and nothing is lost."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from signal import SIGKILL

import asyncpg
import httpx
import pytest

from bench.customers import apis, balances, settled
from bench.platform import Ready
from infrastructure.db.positions import Position
from infrastructure.demo.api import Api
from infrastructure.embedded import postgres
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.process import wait_until
from infrastructure.embedded.valkey import EmbeddedValkey
from tests.conftest import Database
from tests.integration.messaging.test_redis_restart import (
    LAST,
    WAITS_FOR_USER,
    Story,
    listening,
    log_after,
)
from tests.integration.sagas.roles import Deployment, Process, deployed, on_the_chain

ROLES = ("api", "worker", "relay")
RESTORED = "restored"
REFUSAL = "diboas: the database was restored from a dump: run diboas migrate --after-restore\n"
ENDED_SECONDS_MAX = 20.0
BROADCAST = "SolanaTransferBroadcast"
# Past all the ids that a new cluster uses up while it is made and restored into.
AGED = """DO $$ BEGIN
    FOR turn IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
END $$"""
# Of what must not be lost; leases and cursors move while nothing happens.
TABLES = (
    *("outbox", "stream", "transaction", "transaction_history", "user_action", "idempotency_key"),
    *("balance", "entry", "journal", "hold", "chain_claim"),
)
CONTENT = " UNION ALL ".join(
    f"SELECT '{table}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
    for table in TABLES
)
LOG = "SELECT event_id, generation, xid::text, id FROM outbox ORDER BY generation, xid, id"
SHOWN = """query ($id: ID!) { transaction(id: $id) {
  state amount receivedAmount completedAt fundsLocation chainSignature
  timeline { sequence state subState eventType at } } }"""

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What had happened when the dump was made: sends by where they stood, what a client had
    heard, and what it was shown of the one that had completed."""

    completed: str
    unsigned: str
    broadcast: str
    cursors: list[str]
    shown: object


async def test_a_restored_platform_goes_on_where_the_dump_was_made(
    tmp_path: Path,
    database: Database,
    postgres_server: EmbeddedPostgres,
    valkey_server: EmbeddedValkey,
) -> None:
    urls = {"app_url": database.app_url, "admin_url": database.admin_url}
    with (
        EmbeddedPostgres(tmp_path / "postgres", durable=False) as cluster,
        deployed(tmp_path, redis_url=valkey_server.url, **urls) as deployment,
    ):
        postgres_server.execute(AGED, database=database.name)
        first = await serving(deployment)
        ready = await deployment.seed()
        life = await lived(ready)
        archive = dumped(database, tmp_path)
        deployment.stop(*first, number=SIGKILL)
        pace(ready, confirm_ms=400, finalize_ms=1600)  # what was broadcast lands, unseen

        restore(archive, cluster)
        before = postgres_server.execute(CONTENT, database=database.name)
        assert cluster.execute(CONTENT, database=RESTORED) == before
        log = await whole_log(database.admin_url)
        assert int(log[-1][2]) > int(cluster.execute("SELECT pg_current_xact_id()"))

        deployment.use_database(
            app_url=cluster.url(RESTORED, user="diboas_app"), admin_url=cluster.url(RESTORED)
        )
        assert deployment.run("migrate").returncode == 0
        assert_nothing_serves(deployment, tmp_path)
        assert deployment.run("migrate", "--after-restore").returncode == 0
        await serving(deployment)

        await everything_goes_on(ready, life, cluster.url(RESTORED))
        restored_log = await whole_log(cluster.url(RESTORED))
        assert restored_log[: len(log)] == log
        assert {generation for _, generation, *_ in restored_log[len(log) :]} == {2}
        verified = deployment.run("verify")
        assert verified.returncode == 0, verified.stdout
        assert verified.stdout.endswith(" invariants hold\n")


async def serving(deployment: Deployment) -> list[Process]:
    """Every role, ready."""
    processes = [deployment.start(role) for role in ROLES]
    await deployment.ready()
    return processes


async def lived(ready: Ready) -> Life:
    """Three sends of alice to bob, left where a dump may find them."""
    pace(ready, blockhash_slots=10_000)  # a message is good for longer than this test takes
    async with apis(ready) as users, listening(users["alice"]) as ear:
        story = Story(ready, users)
        completed = await story.begin()
        await story.finish(completed)
        unsigned, broadcast = await story.begin(), await story.begin()
        pace(ready, confirm_ms=3_600_000, finalize_ms=3_600_000)
        await story.sign(broadcast)
        await ear.until(lambda: ear.has(BROADCAST, broadcast))
        await ear.until(lambda: ear.has(LAST, completed) and ear.has(WAITS_FOR_USER, unsigned))
        return Life(
            completed=completed,
            unsigned=unsigned,
            broadcast=broadcast,
            cursors=ear.cursors,
            shown=await shown(users, completed),
        )


async def everything_goes_on(ready: Ready, life: Life, database_url: str) -> None:
    """A client that had heard all, and one that had left early, go on behind their cursors."""
    early, late = life.cursors[2], life.cursors[-1]
    async with (
        apis(ready) as users,
        listening(users["alice"], after=early) as of_early,
        listening(users["alice"], after=late) as of_late,
    ):
        assert await shown(users, life.completed) == life.shown
        story = Story(ready, users)
        assert await settled(users["alice"], life.broadcast) == "COMPLETED"
        await story.finish(life.unsigned)
        await story.whole()
        for ear, cursor in ((of_early, early), (of_late, late)):
            expected = await log_after(database_url, "alice", Position.decode(cursor))
            await ear.until_cursor(expected[-1])
            assert ear.cursors == expected
            assert not any(heard.resync for heard in ear.heard)
        booked = {name: Decimal(amount) for name, amount in (await balances(users)).items()}
        assert booked == await on_the_chain(ready)
        assert booked["alice"] == 1000 - 4 * 5
        assert 250 + 4 * (5 - 1) < booked["bob"] <= 250 + 4 * 5


async def shown(users: Mapping[str, Api], transaction_id: str) -> object:
    return await users["alice"].ask(SHOWN, dict, id=transaction_id)


async def whole_log(database_url: str) -> list[tuple[object, int, str, int]]:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(LOG)
    await connection.close()
    return [tuple(row) for row in rows]


def assert_nothing_serves(deployment: Deployment, folder: Path) -> None:
    """Each role, all of them at once, and the check of the invariants say what is to be done."""
    refused = [deployment.start(role) for role in (*ROLES, "verify")]
    refused.append(deployment.start("up", "--port", "0", "--data-dir", str(folder / "up")))
    for process in refused:
        assert wait_until(process.has_ended, deadline_seconds=ENDED_SECONDS_MAX), process.said
        assert (process.child.exit_code, process.said) == (1, REFUSAL), process.role
    deployment.stop(*refused)


def pace(ready: Ready, **timing: int) -> None:
    """How fast the chain is from now on."""
    url = f"{ready.sandbox_url}/control/solana/timing"
    httpx.post(url, json=timing, trust_env=False).raise_for_status()


def dumped(database: Database, folder: Path) -> Path:
    """A dump of the database while it is worked with, and one of the roles of its cluster."""
    run("pg_dump", "--format=custom", f"--file={folder / 'dump'}", database.admin_url)
    run(
        "pg_dumpall", "--roles-only", f"--file={folder / 'roles'}", f"--dbname={database.admin_url}"
    )
    return folder


def restore(archive: Path, cluster: EmbeddedPostgres) -> None:
    """As the manual of PostgreSQL says. The superuser is there already: that alone is refused."""
    url = cluster.url("postgres")
    said = run("psql", "--no-psqlrc", "--quiet", f"--file={archive / 'roles'}", url)
    assert said.count("ERROR") == said.count('role "postgres" already exists') == 1, said
    cluster.ensure_database(RESTORED)
    run("pg_restore", "--exit-on-error", f"--dbname={cluster.url(RESTORED)}", str(archive / "dump"))


def run(name: str, *arguments: str) -> str:
    """One of PostgreSQL's own programs; what it said on standard error."""
    done = subprocess.run(
        [postgres._binary(name), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr
