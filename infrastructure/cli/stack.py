"""What `diboas up` starts around itself: PostgreSQL, Valkey and the sandbox, each unless a URL
says where else one runs."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from infrastructure.cli.checks import check_database, check_redis
from infrastructure.cli.data_dir import DataDir
from infrastructure.cli.provider_keys import connections, split
from infrastructure.cli.ready import read_addresses, write_json
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.process import (
    Child,
    ChildCommand,
    end_orphan,
    read_pid,
    start,
    wait_until,
)
from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.settings import VARIABLES, Settings, StartupError, load_settings

DATABASE: Final = "diboas"
_APP_ROLE: Final = "diboas_app"
_SANDBOX_START_SECONDS_MAX: Final = 15.0
_SANDBOX_STOP_SECONDS_MAX: Final = 1.5
_MIGRATE_SECONDS_MAX: Final = 120.0
_RESTARTS_MAX: Final = 5
_RESTARTS_WINDOW_SECONDS: Final = 60.0


class Stack:
    """The servers around one `diboas up`. `start` in order, `stop` in reverse; `tend` is called
    every so often while all serve."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._sandbox: Child | None = None
        self._sandbox_port = 0
        self._sandbox_addresses: Mapping[str, str] = {}
        self._restarts: list[float] = []
        if not os.environ.get(VARIABLES["database_url"]):
            self._postgres = EmbeddedPostgres(
                data_dir.postgres, log_file=data_dir.logs / "postgres.log"
            )
        if not os.environ.get(VARIABLES["redis_url"]):
            self._valkey = EmbeddedValkey(data_dir.valkey)

    @property
    def has_sandbox(self) -> bool:
        """Somebody who names a Solana node wants no simulated world."""
        return not os.environ.get(VARIABLES["solana_rpc_urls"])

    @property
    def sandbox_addresses(self) -> Mapping[str, str]:
        return self._sandbox_addresses

    def end_leftovers(self) -> None:
        """End what an `up` that was killed left behind; the kernel has told it to end already."""
        pid = read_pid(self._data_dir.sandbox_pid_file)
        if pid is not None:
            end_orphan(
                pid,
                arguments_contain=str(self._data_dir.sandbox),
                signals=(signal.SIGTERM,),
                deadline_seconds=_SANDBOX_STOP_SECONDS_MAX,
            )
        if self._postgres is not None:
            self._postgres.end_leftovers()
        if self._valkey is not None:
            self._valkey.end_leftovers()

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """All servers run and the database has this version's schema. The sandbox starts beside
        the others: it takes the longest."""
        try:
            if self.has_sandbox:
                self._start_sandbox()
            self._start_servers()
            self._migrate()
            if self.has_sandbox:
                self._await_sandbox()
            yield
        finally:
            self._stop()

    def settings(self, *, host: str, port: int) -> Settings:
        """The environment's settings, and for what it leaves out the servers around us."""
        overrides: dict[str, str | int | Path] = {"host": host, "port": port}
        own = {
            "database_url": self._app_url(),
            "database_admin_url": self._admin_url(),
            "redis_url": "" if self._valkey is None else self._valkey.url,
            "sandbox_url": self._sandbox_addresses.get("sandbox_url", ""),
            "solana_rpc_urls": self._sandbox_addresses.get("solana_rpc_url", ""),
        }
        overrides |= {name: value for name, value in own.items() if value}
        if not os.environ.get(VARIABLES["jwt_secret"]):
            overrides["jwt_secret"] = self._data_dir.jwt_secret()
        if not os.environ.get(VARIABLES["fee_payer_keypair_file"]):
            overrides["fee_payer_keypair_file"] = self._fee_payer_file()
        if self.has_sandbox and not os.environ.get(VARIABLES["providers_file"]):
            overrides["providers_file"] = self._data_dir.providers_file
        return load_settings(overrides=overrides)

    def tend(self) -> None:
        """Start again what may be lost; raise `StartupError` when what must not be lost is gone."""
        if self._postgres is not None and self._postgres.exit_code is not None:
            raise StartupError("PostgreSQL ended; start again, it recovers by itself")
        if self._valkey is not None and self._valkey.exit_code is not None:
            self._count_restart("Valkey")
            self._valkey.restart()
        if self._sandbox is not None and self._sandbox.exit_code is not None:
            self._count_restart("the sandbox")
            self._start_sandbox()

    def _start_servers(self) -> None:
        if self._postgres is None:
            check_database(os.environ[VARIABLES["database_url"]])
        else:
            self._postgres.start()
            self._postgres.ensure_database(DATABASE)
        if self._valkey is None:
            check_redis(os.environ[VARIABLES["redis_url"]])
        else:
            self._valkey.start()

    def _stop(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop(signal.SIGTERM, deadline_seconds=_SANDBOX_STOP_SECONDS_MAX)
            self._sandbox = None
        if self._valkey is not None:
            self._valkey.stop()
        if self._postgres is not None:
            self._postgres.stop()
        self._data_dir.sandbox_ready_file.unlink(missing_ok=True)

    def _admin_url(self) -> str:
        return "" if self._postgres is None else self._postgres.url(DATABASE)

    def _app_url(self) -> str:
        return "" if self._postgres is None else self._postgres.url(DATABASE, user=_APP_ROLE)

    def _fee_payer_file(self) -> Path:
        from infrastructure.chains.solana.keys import load_or_create_keypair

        load_or_create_keypair(self._data_dir.fee_payer_file)
        return self._data_dir.fee_payer_file

    def _migrate(self) -> None:
        """In a child: what migrations load stays out of the memory of a process that serves."""
        owner = self._admin_url() or os.environ.get(VARIABLES["database_admin_url"], "")
        environment = {**os.environ, **({VARIABLES["database_admin_url"]: owner} if owner else {})}
        log_file = self._data_dir.logs / "migrate.log"
        log_file.unlink(missing_ok=True)
        child = start(
            ChildCommand(
                name="diboas migrate",
                arguments=[*own_command(), "migrate"],
                log_file=log_file,
                environment=environment,
            )
        )
        wait_until(lambda: child.exit_code is not None, deadline_seconds=_MIGRATE_SECONDS_MAX)
        if child.stop(signal.SIGTERM, deadline_seconds=1) != 0:
            raise StartupError(child.log_tail().removeprefix("diboas: "))

    def _start_sandbox(self) -> None:
        """On its old port when it is started again: clients know that one."""
        ready_file = self._data_dir.sandbox_ready_file
        ready_file.unlink(missing_ok=True)
        self._sandbox_port = self._sandbox_port or free_port()
        arguments = [*own_command(), "sandbox", "--port", str(self._sandbox_port)]
        arguments += ["--data-dir", str(self._data_dir.sandbox), "--ready-file", str(ready_file)]
        self._sandbox = start(
            ChildCommand(
                name="the sandbox",
                arguments=arguments,
                log_file=self._data_dir.logs / "sandbox.log",
                pid_file=self._data_dir.sandbox_pid_file,
            )
        )

    def _await_sandbox(self) -> None:
        child, ready_file = self._sandbox, self._data_dir.sandbox_ready_file
        if child is None:
            return
        wait_until(
            lambda: ready_file.exists() or child.exit_code is not None,
            deadline_seconds=_SANDBOX_START_SECONDS_MAX,
        )
        self._sandbox_addresses, secrets = split(read_addresses(ready_file))
        if not self._sandbox_addresses:
            raise StartupError(f"the sandbox does not start: {child.log_tail()}")
        url = self._sandbox_addresses["sandbox_url"]
        write_json(self._data_dir.providers_file, connections(url, secrets))

    def _count_restart(self, name: str) -> None:
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < _RESTARTS_WINDOW_SECONDS]
        if len(self._restarts) >= _RESTARTS_MAX:
            raise StartupError(f"{name} keeps ending; its log is in {self._data_dir.logs}")
        self._restarts.append(now)


def own_command() -> list[str]:
    """How to start a `diboas` command with this very Python, whatever the working directory."""
    return [sys.executable, "-P", "-m", "infrastructure.cli"]
