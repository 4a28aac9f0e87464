"""What an operator says, what checks say and what calls say, seen by another process."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import msgspec
import pytest

from domain.provider.breaker import Phase
from domain.provider.registry import Rejection
from infrastructure.db.pool import Pool, create_pool
from infrastructure.db.standings import StandingStore
from infrastructure.services import standings as standings_module
from infrastructure.services.standings import Standings
from tests.conftest import Database


@dataclass
class Breakers:
    phases: dict[str, Phase] = field(default_factory=dict)

    async def phase(self, name: str) -> Phase:
        return self.phases.get(name, Phase.CLOSED)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    opened = await create_pool(database.app_url, size_max=2)
    yield opened
    await opened.close()


@pytest.fixture
def store(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> StandingStore:
    monkeypatch.setattr(standings_module, "HEARD_SECONDS", 0.0)
    return StandingStore(pool)


def diboas(database: Database | None, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.cli", "provider", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database.app_url if database else ""},
    )


@pytest.mark.enable_socket
async def test_an_operators_word_is_heard_without_a_restart(
    database: Database, store: StandingStore, pool: Pool
) -> None:
    standings = Standings(store, Breakers())
    assert await standings.rejection("stripe") is None

    told = diboas(database, "disable", "stripe", "--reason", "fees doubled", "--by", "ana")
    assert told.returncode == 0, told.stderr
    assert await standings.rejection("stripe") is Rejection.SWITCHED_OFF
    assert await standings.rejection("coinbase") is None
    listed = diboas(database, "list").stdout
    (line,) = [line for line in listed.splitlines() if line.startswith("stripe")]
    assert "disabled" in line
    assert line.endswith("ana: fees doubled")

    diboas(database, "enable", "stripe", "--reason", "all is well", "--by", "bo")
    assert await standings.rejection("stripe") is None
    rows = await pool.fetch(
        "SELECT provider, enabled, reason, operator FROM provider_switch ORDER BY id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("stripe", False, "fees doubled", "ana"),
        ("stripe", True, "all is well", "bo"),
    ]


@pytest.mark.enable_socket
def test_without_a_url_the_running_platforms_database_is_taken(
    database: Database, tmp_path: Path
) -> None:
    ready = tmp_path / "ready.json"
    ready.write_bytes(msgspec.json.encode({"database_url": database.app_url}))
    for directory, code in ((tmp_path, 0), (tmp_path / "none", 1)):
        told = diboas(None, "list", "--up-dir", str(directory))
        assert told.returncode == code, told.stderr
        assert ("DATABASE_URL is not set" in told.stderr) == (code == 1)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("disable", "strip", "--reason", "x"), "there is no provider strip"),
        (("disable", "stripe", "--reason", " "), "a reason is needed"),
    ],
)
def test_nothing_is_switched_by_mistake(
    database: Database, words: tuple[str, ...], message: str
) -> None:
    told = diboas(database, *words)
    assert told.returncode == 1
    assert message in told.stderr


async def test_what_an_operator_said_is_never_changed(
    store: StandingStore, database: Database
) -> None:
    await store.switch("stripe", enabled=False, reason="a reason", operator="ana")
    connection = await asyncpg.connect(database.admin_url)
    for statement in ("UPDATE provider_switch SET reason = 'x'", "DELETE FROM provider_switch"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="immutable"):
            await connection.execute(statement)
    await connection.close()


async def test_three_failed_checks_in_a_row_make_it_unhealthy(store: StandingStore) -> None:
    standings = Standings(store, Breakers())
    assert await store.claim(["due"], seconds=29)
    for healthy, expected in (
        (False, None),
        (False, None),
        (False, Rejection.UNHEALTHY),
        (True, None),
    ):
        await store.told("due", healthy=healthy)
        assert await standings.rejection("due") is expected


async def test_a_turn_is_one_processs(store: StandingStore) -> None:
    assert await store.claim(["due"], seconds=29) == {"due"}
    assert await store.claim(["due", "bridge"], seconds=29) == {"bridge"}
    assert await store.claim(["due", "bridge"], seconds=29) == set()
    assert await store.claim(["due"], seconds=0) == {"due"}


async def test_what_is_well_as_before_is_not_written(store: StandingStore, pool: Pool) -> None:
    await store.claim(["due"], seconds=29)
    written = "SELECT xmin::text FROM provider_health WHERE provider = 'due'"
    before = await pool.fetchval(written)
    assert await store.told("due", healthy=True) == 0
    assert await pool.fetchval(written) == before
    assert await store.told("due", healthy=False) == 1
    assert await store.told("due", healthy=True) == 0
    assert await pool.fetchval(written) != before


@pytest.mark.parametrize(
    ("phase", "expected"),
    [(Phase.OPEN, Rejection.BREAKER_OPEN), (Phase.HALF_OPEN, None), (Phase.CLOSED, None)],
)
async def test_an_open_breaker_keeps_it_out(
    store: StandingStore, phase: Phase, expected: Rejection | None
) -> None:
    standings = Standings(store, Breakers({"lifi": phase}))
    assert await standings.rejection("lifi") is expected


async def test_without_the_database_the_last_word_holds(store: StandingStore, pool: Pool) -> None:
    standings = Standings(store, Breakers())
    await store.switch("stripe", enabled=False, reason="a reason", operator="ana")
    assert await standings.rejection("stripe") is Rejection.SWITCHED_OFF
    await pool.close()
    assert await standings.rejection("stripe") is Rejection.SWITCHED_OFF
