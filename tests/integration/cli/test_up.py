"""`diboas up` as an operator meets it: real processes, each with a data directory of its own."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from bench.platform import PlatformFailed, kill, started, still_running

STOP_SECONDS_MAX = 10.0


def said(data_dir: Path, *arguments: str, **settings: str) -> str:
    """What an `up` that must fail says."""
    with (
        pytest.raises(PlatformFailed) as failed,
        started(data_dir, *arguments, settings=settings),
    ):
        pass
    return str(failed.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_time(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path / "data") as platform:
        tree = platform.tree()
        assert len(tree) > 3  # the supervisor, the sandbox, PostgreSQL, Valkey

        assert platform.stop(number) == 0

        assert not still_running(tree, after_seconds=0.5)
        assert not platform.ready_file.exists()


def test_a_second_up_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        first.stop()
    with started(tmp_path / "data") as second:
        assert [u.username for u in second.ready.users] == ["alice", "bob", "carol"]
        assert [u.addresses for u in second.ready.users] == [u.addresses for u in first.ready.users]


def test_nothing_outlives_a_killed_parent_and_a_new_up_goes_on(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        tree = first.tree()
        kill(tree[:1])
        assert not still_running(tree, after_seconds=STOP_SECONDS_MAX)
        with started(tmp_path / "data") as second:
            addresses = [user.addresses for user in second.ready.users]

    assert addresses == [user.addresses for user in first.ready.users]


def test_a_new_up_right_after_a_killed_parent_ends_what_was_left(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        tree = first.tree()
        kill(tree[:1])
        with started(tmp_path / "data"):
            assert not still_running(tree, after_seconds=0)


def test_a_new_up_recovers_from_a_kill_of_everything(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        kill(first.tree())
        with started(tmp_path / "data") as second:
            assert second.stop() == 0


def test_the_keys_of_demo_users_are_their_owners_alone(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        for user in platform.ready.users:
            assert stat.S_IMODE(user.keypair_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(platform.ready_file.stat().st_mode) == 0o600


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        text = said(tmp_path / "data", "--port", str(port))

    assert text == (
        f"diboas: cannot serve on 127.0.0.1:{port}: address already in use; "
        "choose another with --port"
    )


def test_an_unreachable_database_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    text = said(tmp_path / "data", DATABASE_URL="postgresql://me:hidden@127.0.0.1:1/diboas")

    assert text == (
        "diboas: the database at 127.0.0.1:1/diboas does not answer: connection refused"
    )
    assert str(tmp_path / "data") not in _command_lines()


def test_a_bad_setting_is_one_line(tmp_path: Path) -> None:
    text = said(tmp_path / "data", DIBOAS_COMMITTER_BATCH_MAX="many")

    assert text.startswith("diboas: DIBOAS_COMMITTER_BATCH_MAX: ")
    assert "\n" not in text


def test_a_data_directory_in_use_is_one_line(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        other = tmp_path / "elsewhere"
        other.symlink_to(tmp_path / "data")

        text = said(other)

        assert text.endswith(f"is in use by `diboas up` (process {platform.process.pid})")
        assert platform.process.poll() is None


def _command_lines() -> str:
    """Of all processes: a data directory of a test is in no other's command line."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                found.append(Path(entry.path, "cmdline").read_bytes())
            except OSError:
                continue
    return b"\n".join(found).decode(errors="replace")
