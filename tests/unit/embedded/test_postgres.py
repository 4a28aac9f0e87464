"""The embedded server itself, over its Unix socket: no test here needs the network."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.process import (
    EmbeddedError,
    SystemUser,
    read_pid,
    wait_until,
    working_in,
)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # pytest's own folders are too deep for a server that runs as another user.
    with tempfile.TemporaryDirectory(prefix="diboas-pg-") as folder:
        yield Path(folder) / "postgres"


def test_data_outlives_a_restart(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        server.ensure_database("diboas")
        server.ensure_database("diboas")
        server.execute("CREATE TABLE kept AS SELECT 7 AS number", database="diboas")

    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert server.execute("SELECT number FROM kept", database="diboas") == "7"
    assert working_in(data_dir.resolve()) == []


def test_its_url_serves_asyncpg_and_its_encoding_and_order_are_those_of_every_machine(
    data_dir: Path,
) -> None:
    async def facts(url: str) -> tuple[str, str, str]:
        link = await asyncpg.connect(url)
        try:
            row = await link.fetchrow(
                "SELECT current_setting('server_encoding'), datcollate,"
                " current_setting('listen_addresses')"
                " FROM pg_database WHERE datname = current_database()"
            )
        finally:
            await link.close()
        assert row is not None
        return tuple(row)

    import asyncio

    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert asyncio.run(facts(server.url("postgres"))) == ("UTF8", "C", "")


def test_a_durable_server_waits_for_the_disk(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        settings = ("fsync", "synchronous_commit", "full_page_writes")
        assert [server.execute(f"SHOW {name}") for name in settings] == ["on", "on", "on"]


@pytest.mark.parametrize("victims", ["parent", "everything"])
def test_after_kill_9_nothing_is_left_and_the_next_start_recovers(
    data_dir: Path, victims: str
) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import time
from pathlib import Path
from infrastructure.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path({str(data_dir)!r}))
server.start()
server.execute("CREATE TABLE kept AS SELECT 7 AS number")
print("ready", flush=True)
time.sleep(60)
""",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    postmaster = read_pid(data_dir / "postmaster.pid")
    assert postmaster is not None

    parent.kill()
    parent.communicate()
    if victims == "everything":
        os.kill(postmaster, signal.SIGKILL)

    with EmbeddedPostgres(data_dir) as server:
        assert server.execute("SELECT number FROM kept") == "7"
    assert wait_until(lambda: working_in(data_dir.resolve()) == [], deadline_seconds=5)


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "postgres"

    server = EmbeddedPostgres(deep)

    assert len(str(server.socket_dir)) < 80
    assert server.socket_dir == EmbeddedPostgres(deep).socket_dir


def test_a_server_that_cannot_start_says_so_in_one_line(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False, settings={"max_connections": "none"})

    with pytest.raises(EmbeddedError, match="PostgreSQL") as caught:
        server.start()
    assert "\n" not in str(caught.value)


def test_wrong_sql_is_one_line(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        with pytest.raises(EmbeddedError, match="syntax error") as caught:
            server.execute("SELEC 1")
        assert "\n" not in str(caught.value)


def test_who_is_shut_out_of_the_data_is_told_by_which_folder(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server._user = SystemUser(name="stranger", uid=os.geteuid() + 1, gid=os.getegid() + 1)

    assert server._cause() == f"somebody has closed {data_dir.parent} to the user stranger"
