"""A whole platform as a benchmark or a test starts it: `diboas up` in processes of its own.

Processes are found as descendants of the one that was started, and ended by those records alone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types

ROOT: Final = Path(__file__).resolve().parents[1]
READY_SECONDS_MAX: Final = 60.0
_STOP_SECONDS_MAX: Final = 15.0
_POLL_SECONDS: Final = 0.01
# The servers around a test run must not become those of the platform under test.
_OWN: Final = ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "DIBOAS_")


class PlatformFailed(Exception):
    """`diboas up` ended before it was ready; the message is what it said."""


class User(msgspec.Struct, frozen=True):
    username: str
    token: str
    addresses: dict[str, str]
    keypair_file: Path


class Ready(msgspec.Struct, frozen=True):
    """The ready file."""

    graphql: str
    subscriptions: str
    database_url: str
    redis_url: str
    sandbox_url: str
    solana_rpc_url: str
    users: list[User]

    def user(self, username: str) -> User:
        return next(user for user in self.users if user.username == username)


@dataclass(slots=True, kw_only=True)
class Platform:
    """One running `diboas up`. `seconds` is how long it took from start to ready."""

    process: "subprocess.Popen[str]"
    ready: Ready
    ready_file: Path
    seconds: float

    def tree(self) -> list[psutil.Process]:
        """It and all its descendants."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS_MAX)


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process without the platform's settings, and with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    return {**kept, **settings}


def command(python: Path | None = None) -> list[str]:
    """How to start `diboas` of this checkout, or of the one whose Python is given."""
    return [str(python or sys.executable), "-P", "-m", "infrastructure.cli"]


@contextlib.contextmanager
def started(
    data_dir: Path,
    *arguments: str,
    diboas: Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Platform]:
    """The platform on a free port, ready; at the end nothing of it runs, whatever happened."""
    ready_file = data_dir.with_name(f"{data_dir.name}.ready.json")
    log_file = data_dir.with_name(f"{data_dir.name}.log")
    own = ["--data-dir", str(data_dir), "--ready-file", str(ready_file), "--port", "0", "--no-demo"]
    # What an `up` that was killed left there says nothing of this one.
    ready_file.unlink(missing_ok=True)
    with log_file.open("w") as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            [*(diboas or command()), "up", *own, *arguments],
            stdout=log,
            stderr=log,
            env=environment(**(settings or {})),
            cwd="/",
            text=True,
        )
    try:
        _await_ready(process, ready_file, log_file)
        seconds = time.monotonic() - begun
        ready = msgspec.json.decode(ready_file.read_bytes(), type=Ready, dec_hook=_path)
        yield Platform(process=process, ready=ready, ready_file=ready_file, seconds=seconds)
    finally:
        _end(process)


def kill(processes: Sequence[psutil.Process]) -> None:
    """SIGKILL to each that still runs, all at once as far as that goes."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def still_running(processes: Sequence[psutil.Process], *, after_seconds: float) -> list[str]:
    """The command lines of those that have not ended by then; who only waits to be reaped has."""
    _gone, alive = psutil.wait_procs(processes, timeout=after_seconds)
    return [" ".join(line) for process in alive if (line := _command_line(process))]


def python_memory_bytes(processes: Sequence[psutil.Process]) -> int:
    """Resident memory of those that run Python."""
    return sum(
        process.memory_info().rss
        for process in processes
        if any("python" in word for word in _command_line(process)[:1])
    )


def _await_ready(process: "subprocess.Popen[str]", ready_file: Path, log_file: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise PlatformFailed(log_file.read_text().strip() or "it said nothing")
        time.sleep(_POLL_SECONDS)


def _end(process: "subprocess.Popen[str]") -> None:
    """In order if it still can, else by force, with what it had started."""
    if process.poll() is not None:
        return
    tree = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    kill(tree)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        words: list[str] = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
    return words


def _path(_kind: type, value: object) -> Path:
    return Path(str(value))
