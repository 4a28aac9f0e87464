"""The data directory of `diboas up`: one process at a time, and what lies where."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.settings import StartupError

_LOCK_NAME: Final = "diboas.lock"
_SECRET_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class DataDir:
    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def sandbox(self) -> Path:
        return self.root / "sandbox"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def ready_file(self) -> Path:
        return self.root / "ready.json"

    @property
    def sandbox_ready_file(self) -> Path:
        return self.root / "sandbox.json"

    @property
    def sandbox_pid_file(self) -> Path:
        return self.root / "sandbox.pid"

    @property
    def fee_payer_file(self) -> Path:
        return self.root / "keys" / "fee_payer.json"

    @property
    def providers_file(self) -> Path:
        """How the sandbox's providers are reached, with their keys."""
        return self.root / "keys" / "providers.json"

    def jwt_secret(self) -> str:
        """Made once, so that tokens outlive a restart."""
        path = self.root / "keys" / "jwt_secret"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(_SECRET_BYTES))
        return path.read_text()

    def clear(self) -> None:
        """Remove everything but the lock that we hold."""
        for entry in self.root.iterdir():
            if entry.name == _LOCK_NAME:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@contextmanager
def claimed(root: Path) -> Iterator[DataDir]:
    """The data directory for us alone; the kernel frees it when we end, however we end. A folder
    that holds something else is refused: `--reset` would destroy it."""
    root = root.resolve()
    lock_file = root / _LOCK_NAME
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not lock_file.exists() and any(root.iterdir()):
            raise StartupError(f"{root} holds other files; choose another --data-dir")
        lock = lock_file.open("a+")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StartupError(f"cannot use {root} as data directory: {reason}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock_file.read_text().strip() or "another process"
            raise StartupError(f"{root} is in use by `diboas up` (process {holder})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield DataDir(root)
