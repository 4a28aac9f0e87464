"""`diboas migrate` and `diboas verify` against one's own database: one line, whatever is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from infrastructure.embedded.postgres import EmbeddedPostgres
from tests.conftest import Database

pytestmark = pytest.mark.enable_socket


def diboas(command: str, url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.cli", command],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
    )


def test_a_migrated_database_is_migrated_again_and_verified(database: Database) -> None:
    assert diboas("migrate", database.admin_url).returncode == 0

    verified = diboas("verify", database.app_url)

    assert verified.returncode == 0
    assert verified.stdout.endswith("invariants hold\n")


def test_an_empty_database_is_not_verified(empty_database: Database) -> None:
    result = diboas("verify", empty_database.admin_url)

    assert result.returncode == 1
    assert result.stderr.startswith("diboas: the database has no schema")
    assert result.stderr.endswith(": run diboas migrate\n")


async def test_a_newer_schema_is_left_alone(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()

    for command in ("migrate", "verify"):
        result = diboas(command, database.admin_url)

        assert result.returncode == 1
        assert result.stderr.count("\n") == 1
        assert "9999" in result.stderr


def test_a_login_that_may_make_roles_is_enough_and_another_is_told_so(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres", durable=False) as cluster:
        cluster.execute("CREATE ROLE operator LOGIN CREATEROLE")
        cluster.execute("CREATE ROLE stranger LOGIN CREATEROLE")
        for database, owner in (("own", "operator"), ("other", "stranger")):
            cluster.execute(f"CREATE DATABASE {database} OWNER {owner}")
        own = cluster.url("own", user="operator")

        for _ in range(2):
            migrated = diboas("migrate", own)
            assert (migrated.returncode, migrated.stderr) == (0, "")
        verified = diboas("verify", own)
        refused = diboas("migrate", cluster.url("other", user="stranger"))

    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.endswith("invariants hold\n")
    assert refused.returncode == 1
    assert "DATABASE_ADMIN_URL" in refused.stderr
    assert refused.stderr.count("\n") == 1
