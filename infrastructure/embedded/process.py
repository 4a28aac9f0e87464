"""Child processes that never outlive their parent.

On Linux the kernel itself signals the child when its parent dies, also by SIGKILL. Elsewhere, and
for what slipped through, `end_orphan` ends a process that a pid file names, once its command line
proves that it is ours. Nothing is ever looked up or ended by name alone.
"""

import ctypes
import logging
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.settings import StartupError

_log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_POLL_SECONDS: Final = 0.02
_LOG_TAIL_LINES: Final = 5


class EmbeddedError(StartupError):
    """An embedded server cannot be started or stopped; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class SystemUser:
    """Whom a child runs as when the parent is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCommand:
    """What to start. `on_parent_death` is the signal that the child gets when its parent dies;
    `pid_file` lets a later run find a child that survived; `stdin` is written and closed."""

    name: str
    arguments: Sequence[str]
    log_file: Path
    pid_file: Path | None = None
    on_parent_death: signal.Signals = signal.SIGTERM
    run_as: SystemUser | None = None
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    stdin: str | None = None


class Child:
    """A started child. Start it from a thread that lives as long as the process (the main one):
    the kernel's notion of a parent is the thread that forked."""

    def __init__(self, command: ChildCommand, process: subprocess.Popen[str]) -> None:
        self._command = command
        self._process = process

    @property
    def name(self) -> str:
        return self._command.name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def log_tail(self) -> str:
        """The last lines of its log, as one line."""
        return tail(self._command.log_file)

    def stop(self, *signals: signal.Signals, deadline_seconds: float) -> int:
        """Send the signals one after the other, each with its share of the deadline, then SIGKILL.
        The exit code, also for a child that had ended before."""
        for number in signals:
            if self.exit_code is not None:
                break
            self._process.send_signal(number)
            try:
                self._process.wait(deadline_seconds / len(signals))
            except subprocess.TimeoutExpired:
                _log.warning("%s ignores %s", self.name, number.name)
        if self.exit_code is None:
            self._process.kill()
        code = self._process.wait()
        if self._command.pid_file is not None:
            self._command.pid_file.unlink(missing_ok=True)
        return code


def start(command: ChildCommand) -> Child:
    """Start a child in a session of its own, so that Ctrl-C in a terminal reaches the parent alone
    and the parent decides the order of shutdown."""
    command.log_file.parent.mkdir(parents=True, exist_ok=True)
    with command.log_file.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  the command lines are ours, without a shell
            list(command.arguments),
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=command.directory,
            env=None if command.environment is None else dict(command.environment),
            start_new_session=True,
            text=True,
            preexec_fn=die_with_parent(command.on_parent_death, command.run_as),  # noqa: PLW1509  runs before any thread of ours
        )
    if command.pid_file is not None:
        command.pid_file.write_text(f"{process.pid}\n")
    if command.stdin is not None and process.stdin is not None:
        process.stdin.write(command.stdin)
        process.stdin.close()
    return Child(command, process)


def die_with_parent(
    on_parent_death: signal.Signals, user: SystemUser | None = None
) -> Callable[[], None]:
    """What a child runs before its program: become `user`, then ask the kernel for the signal."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def setup() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
        if prctl is not None:
            # After setuid, which clears it.
            prctl(_PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return setup


def server_user(name: str = "diboas-postgres") -> SystemUser | None:
    """The system user for servers that refuse to run as root, made on first use; None when we are
    not root, and the servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    for candidate in (name, "nobody"):
        entry = _find_user(candidate) or _make_user(candidate)
        if entry is not None:
            return SystemUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root, and no system user could be made for it")


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make_user(name: str) -> pwd.struct_passwd | None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603  no input in it
    except FileNotFoundError:
        return None
    return _find_user(name)


def let_pass(user: SystemUser | None, path: Path) -> None:
    """Let `user` traverse the folders above `path`: execute permission alone, where missing."""
    for folder in closed_to(user, path):
        folder.chmod(folder.stat().st_mode | 0o001)


def closed_to(user: SystemUser | None, path: Path) -> list[Path]:
    """The folders above `path` that `user` cannot traverse."""
    if user is None:
        return []
    above = [(folder, folder.stat()) for folder in path.resolve().parents]
    return [
        folder for folder, stat in above if not stat.st_mode & 0o001 and stat.st_uid != user.uid
    ]


def private_folder(folder: Path, user: SystemUser | None) -> None:
    """A folder of the server's user that nobody else enters; a foreign one is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owners = {os.geteuid()} | ({user.uid} if user else set())
    if folder.is_symlink() or folder.stat().st_uid not in owners:
        raise EmbeddedError(f"{folder} belongs to another user")
    folder.chmod(0o700)
    if user is not None:
        os.chown(folder, user.uid, user.gid)
        let_pass(user, folder)


def clean_environment() -> dict[str, str]:
    """What the server sees: no PG* variables and no locale of the caller's."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def is_running(pid: int, *, arguments_contain: str) -> bool:
    """Whether `pid` lives and has `arguments_contain` in its command line: a pid alone may have
    been given to a stranger since."""
    return arguments_contain in _command_line(pid)


def wait_until(condition: Callable[[], bool], *, deadline_seconds: float) -> bool:
    """Poll `condition`; whether it came true within the deadline."""
    end = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def end_orphan(
    pid: int, *, arguments_contain: str, signals: Sequence[signal.Signals], deadline_seconds: float
) -> None:
    """End a process that an earlier parent left behind, if its command line says it is ours."""
    for number in (*signals, signal.SIGKILL):
        if not is_running(pid, arguments_contain=arguments_contain):
            return
        os.kill(pid, number)
        if wait_until(
            lambda: not is_running(pid, arguments_contain=arguments_contain),
            deadline_seconds=deadline_seconds,
        ):
            return
    raise EmbeddedError(f"process {pid} of an earlier run does not end")


def read_pid(pid_file: Path) -> int | None:
    """The first line of a pid file; None when there is none or it is no number."""
    try:
        return int(pid_file.read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder` (Linux; elsewhere none are seen)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink() == folder:
                found.append(int(entry.parent.name))
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
    return found


def _command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return ""
        return b" ".join(words).decode("utf-8", "replace")
    else:  # noqa: RET505  so that type checkers see a branch of the platform
        command = ["ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603  the system's ps


def tail(log_file: Path) -> str:
    """The last lines of a log joined to one, for an error message."""
    try:
        lines = log_file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-_LOG_TAIL_LINES:] if line.strip())
