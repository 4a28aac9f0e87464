import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infrastructure.embedded.process import (
    ChildCommand,
    EmbeddedError,
    SystemUser,
    closed_to,
    end_orphan,
    is_running,
    let_pass,
    private_folder,
    read_pid,
    start,
    wait_until,
    working_in,
)

SLEEPER = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def command(tmp_path: Path, code: str, *, stdin: str | None = None) -> ChildCommand:
    return ChildCommand(
        name="child",
        arguments=[sys.executable, "-c", code],
        log_file=tmp_path / "child.log",
        pid_file=tmp_path / "child.pid",
        stdin=stdin,
    )


def test_a_child_stops_at_the_signal_and_its_pid_file_goes(tmp_path: Path) -> None:
    child = start(command(tmp_path, SLEEPER))
    assert read_pid(tmp_path / "child.pid") == child.pid

    code = child.stop(signal.SIGTERM, deadline_seconds=5)

    assert code == -signal.SIGTERM
    assert not (tmp_path / "child.pid").exists()


def test_a_child_that_ignores_the_signal_is_killed_at_the_deadline(tmp_path: Path) -> None:
    child = start(command(tmp_path, DEAF))
    assert wait_until(lambda: "deaf" in child.log_tail(), deadline_seconds=5)

    started = time.monotonic()
    code = child.stop(signal.SIGTERM, deadline_seconds=0.2)

    assert code == -signal.SIGKILL
    assert time.monotonic() - started < 2


def test_stopping_twice_answers_the_same(tmp_path: Path) -> None:
    child = start(command(tmp_path, "raise SystemExit(3)"))
    assert wait_until(lambda: child.exit_code is not None, deadline_seconds=5)

    assert child.stop(signal.SIGTERM, deadline_seconds=1) == 3
    assert child.stop(signal.SIGTERM, deadline_seconds=1) == 3


def test_the_standard_input_is_written_and_closed(tmp_path: Path) -> None:
    child = start(command(tmp_path, "import sys; print(sys.stdin.read())", stdin="a secret"))

    assert wait_until(lambda: child.exit_code == 0, deadline_seconds=5)
    assert child.log_tail() == "a secret"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild.pid"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sys, time
from pathlib import Path
from infrastructure.embedded.process import ChildCommand, start
start(ChildCommand(name="x", arguments=[sys.executable, "-c", {SLEEPER!r}],
    log_file=Path({str(tmp_path / "x.log")!r}), pid_file=Path({str(pid_file)!r})))
time.sleep(60)
""",
        ]
    )
    assert wait_until(lambda: read_pid(pid_file) is not None, deadline_seconds=10)
    grandchild = read_pid(pid_file)
    assert grandchild is not None
    assert is_running(grandchild, arguments_contain=SLEEPER)

    parent.kill()
    parent.wait()

    assert wait_until(
        lambda: not is_running(grandchild, arguments_contain=SLEEPER), deadline_seconds=5
    )


def test_a_stranger_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = start(command(tmp_path, SLEEPER))

    end_orphan(
        stranger.pid,
        arguments_contain="/some/data/directory",
        signals=(signal.SIGTERM,),
        deadline_seconds=0.1,
    )

    assert stranger.exit_code is None
    stranger.stop(signal.SIGTERM, deadline_seconds=5)


def test_an_orphan_that_proves_to_be_ours_is_ended(tmp_path: Path) -> None:
    orphan = start(command(tmp_path, SLEEPER))

    end_orphan(orphan.pid, arguments_contain=SLEEPER, signals=(signal.SIGTERM,), deadline_seconds=5)

    assert wait_until(lambda: orphan.exit_code == -signal.SIGTERM, deadline_seconds=5)


@pytest.mark.parametrize("content", ["", "no number\n", "\n"])
def test_a_pid_file_that_says_nothing_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)

    assert read_pid(tmp_path / "pid") is None
    assert read_pid(tmp_path / "missing") is None


def test_processes_are_found_by_their_working_directory(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=tmp_path)
    try:
        assert wait_until(lambda: working_in(tmp_path.resolve()) == [child.pid], deadline_seconds=5)
    finally:
        child.kill()
        child.wait()
    assert working_in(tmp_path.resolve()) == []


def test_a_private_folder_is_nobody_elses(tmp_path: Path) -> None:
    private_folder(tmp_path / "own", None)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700

    (tmp_path / "link").symlink_to(tmp_path / "own")
    with pytest.raises(EmbeddedError):
        private_folder(tmp_path / "link", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    os.chown(tmp_path / "foreign", 12_345, 12_345)

    with pytest.raises(EmbeddedError, match="belongs to another user"):
        private_folder(tmp_path / "foreign", None)


def test_what_is_closed_to_a_servers_user_is_told_and_opened_no_further_than_needed(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    (closed / "open" / "data").mkdir(parents=True)
    (closed / "open").chmod(0o701)
    closed.chmod(0o700)
    stranger = SystemUser(name="stranger", uid=os.geteuid() + 1, gid=os.getegid() + 1)

    assert closed_to(stranger, closed / "open" / "data")[0] == closed
    assert closed_to(None, closed / "open" / "data") == []

    let_pass(stranger, closed / "open" / "data")

    assert closed_to(stranger, closed / "open" / "data") == []
    assert closed.stat().st_mode & 0o777 == 0o701
