"""What scripts rely on: names, exit codes, one line on standard error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.cli.data_dir import claimed
from infrastructure.cli.parser import build_parser
from infrastructure.cli.ready import read_addresses, ready_content, write_json
from infrastructure.settings import StartupError, load_settings

LEAST = {"REDIS_URL": "redis://127.0.0.1:1/0", "DIBOAS_JWT_SECRET": "s" * 32}


def diboas(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env={**kept, **environment},
    )


def assert_one_line(result: "subprocess.CompletedProcess[str]", *, naming: str) -> None:
    assert result.returncode == 1
    assert result.stderr.startswith("diboas: ")
    assert result.stderr.count("\n") == 1
    assert naming in result.stderr


@pytest.mark.parametrize(
    "line",
    [
        "up",
        "up --host 0.0.0.0 --port 0 --data-dir d --reset --no-demo --ready-file r.json",
        "api",
        "worker --contexts wallet,compliance",
        "relay",
        "sandbox --port 0",
        "migrate",
        "migrate --after-restore",
        "verify",
        "export-schema",
        "demo send --from alice --to bob --amount 25",
    ],
)
def test_the_names_that_scripts_use(line: str) -> None:
    assert build_parser().parse_args(line.split()).command == line.split(maxsplit=1)[0]


@pytest.mark.parametrize("role", ["api", "worker", "relay"])
def test_missing_settings_are_one_line(role: str) -> None:
    missing = {"api": "DATABASE_URL, REDIS_URL, DIBOAS_JWT_SECRET"}
    named = missing.get(role, "DATABASE_URL, REDIS_URL")
    assert_one_line(diboas(role), naming=f"diboas: {named} are not set")


def test_a_bad_setting_is_one_line() -> None:
    assert_one_line(diboas("up", DIBOAS_LOG_LEVEL="loud"), naming="DIBOAS_LOG_LEVEL")


def test_an_unreachable_database_is_one_line_without_its_password() -> None:
    url = "postgresql://user:hidden@127.0.0.1:1/diboas"

    result = diboas("worker", DATABASE_URL=url, **LEAST)

    assert_one_line(result, naming="the database at 127.0.0.1:1/diboas does not answer")
    assert "hidden" not in result.stderr


@pytest.mark.enable_socket
def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        result = diboas("up", "--port", port, "--data-dir", str(tmp_path / "data"))

    assert_one_line(result, naming=f"127.0.0.1:{port}: address already in use")


def test_a_host_that_is_none_is_not_blamed_on_the_port(tmp_path: Path) -> None:
    result = diboas("up", "--host", "nowhere.invalid", "--data-dir", str(tmp_path / "data"))

    assert_one_line(result, naming="choose another with --host")


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104  named, not bound
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_a_ready_file_names_a_host_that_can_be_asked(host: str, place: str) -> None:
    settings = load_settings({"DATABASE_URL": "postgresql:///d", **LEAST, "DIBOAS_HOST": host})

    content = ready_content(settings, (), {})

    assert content["graphql"] == f"http://{place}:8000/graphql"
    assert content["subscriptions"] == f"ws://{place}:8000/graphql"


def test_a_second_up_on_a_data_directory_is_refused(tmp_path: Path) -> None:
    with claimed(tmp_path / "data"):
        result = diboas("up", "--port", "0", "--data-dir", str(tmp_path / "data"))

    assert_one_line(result, naming=f"is in use by `diboas up` (process {os.getpid()})")


def test_a_folder_with_other_files_is_never_taken_for_a_data_directory(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(StartupError, match="holds other files"), claimed(tmp_path):
        pass


def test_a_reset_leaves_the_lock_alone(tmp_path: Path) -> None:
    with claimed(tmp_path / "data") as data_dir:
        secret = data_dir.jwt_secret()
        assert data_dir.jwt_secret() == secret

        data_dir.clear()

        assert [path.name for path in data_dir.root.iterdir()] == ["diboas.lock"]
        assert data_dir.jwt_secret() != secret


def test_a_ready_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "run" / "ready.json"

    assert read_addresses(path) == {}
    write_json(path, {"sandbox_url": "http://127.0.0.1:1"})

    assert read_addresses(path) == {"sandbox_url": "http://127.0.0.1:1"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["ready.json"]
