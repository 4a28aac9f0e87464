"""`diboas up`: everything on one machine with one command.

This process supervises PostgreSQL, Valkey and the sandbox, and serves every role itself, in one
event loop: one Python fewer in memory for each.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.cli import entry_points
from infrastructure.cli.checks import check_environment, claim_port
from infrastructure.cli.data_dir import DataDir, claimed
from infrastructure.cli.entry_points import DemoUser
from infrastructure.cli.ready import ready_content, write_json
from infrastructure.cli.signals import interrupt_on_terminate, run_until_stopped
from infrastructure.cli.stack import Stack, own_command
from infrastructure.embedded.process import die_with_parent
from infrastructure.settings import Settings, StartupError

ROLES: Final = frozenset({"api", "worker", "relay"})
_READY_SECONDS_MAX: Final = 30.0
_TEND_SECONDS: Final = 0.25
_ROLES_STOP_SECONDS_MAX: Final = 4.5  # with the servers' own bounds, within ten seconds
_DEMO_STOP_SECONDS_MAX: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    host: str
    port: int
    data_dir: Path
    reset: bool
    demo: bool
    ready_file: Path | None


def up(options: UpOptions) -> int:
    """Start everything, serve until Ctrl-C or SIGTERM, stop everything; the exit code."""
    interrupt_on_terminate()
    check_environment()
    logging.basicConfig(level=os.environ.get("DIBOAS_LOG_LEVEL", "warning").upper())
    with claimed(options.data_dir) as data_dir:
        port = claim_port(options.host, options.port)
        stack = Stack(data_dir)
        stack.end_leftovers()
        _remove(_ready_files(options, data_dir))  # after a kill an earlier one is still there
        if options.reset:
            data_dir.clear()
        with stack.started():
            settings = stack.settings(host=options.host, port=port)
            stop = asyncio.Event()
            session = _Session(settings, options=options, stack=stack, data_dir=data_dir, stop=stop)
            return run_until_stopped(session.run(), stop)


class _Session:
    """From "the servers run" to "stop": roles, demo users, ready file, demonstration."""

    def __init__(
        self,
        settings: Settings,
        *,
        options: UpOptions,
        stack: Stack,
        data_dir: DataDir,
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._options = options
        self._stack = stack
        self._data_dir = data_dir
        self._stop = stop
        self._ready = asyncio.Event()
        self._ready_files = _ready_files(options, data_dir)

    async def run(self) -> int:
        """Ends when a signal came, or raises when the roles or a server that we need ended."""
        roles = asyncio.create_task(self._serve_roles())
        helpers = [asyncio.create_task(self._tend()), asyncio.create_task(self._present())]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await self._first_end(roles, stopped, helpers)
        finally:
            _remove(self._ready_files)
            self._stop.set()
            await _end([*helpers, stopped], seconds_max=_DEMO_STOP_SECONDS_MAX)
            await _end([roles], seconds_max=_ROLES_STOP_SECONDS_MAX, ask_first=True)
        print("diboas: stopped", flush=True)
        return 0

    async def _first_end(
        self,
        roles: "asyncio.Task[None]",
        stopped: "asyncio.Task[bool]",
        helpers: Sequence["asyncio.Task[None]"],
    ) -> None:
        """Wait for the signal; whatever else ends before it ends the session with its error."""
        watched: set[asyncio.Task[None] | asyncio.Task[bool]] = {roles, stopped, *helpers}
        while stopped not in (
            done := (await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED))[0]
        ):
            for task in done:
                task.result()
            if roles in done:
                raise StartupError("the server ended by itself")
            watched -= done

    async def _serve_roles(self) -> None:
        if self._stack.has_sandbox:
            await entry_points.fund_platform()(self._settings)
        await entry_points.run_roles()(
            self._settings,
            roles=ROLES,
            contexts=frozenset(self._settings.contexts),
            ready=self._ready.set,
            stop=self._stop,
        )

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            self._stack.tend()

    async def _present(self) -> None:
        """Once the roles work: demo users, the ready file, where everything is, the demo."""
        try:
            async with asyncio.timeout(_READY_SECONDS_MAX):
                await self._ready.wait()
        except TimeoutError:
            raise StartupError(f"not ready after {_READY_SECONDS_MAX:.0f} seconds") from None
        users: Sequence[DemoUser] = ()
        if self._stack.has_sandbox:
            users = await entry_points.seed()(self._settings, self._data_dir.root)
        content = ready_content(self._settings, users, self._stack.sandbox_addresses)
        for path in self._ready_files:
            write_json(path, content)
        self._announce(content, users)
        if self._options.demo and users:
            await self._show_demo()

    def _announce(self, content: dict[str, object], users: Sequence[DemoUser]) -> None:
        names = ("graphql", "subscriptions", "sandbox_url", "solana_rpc_url")
        lines = [f"  {name:<15} {content[name]}" for name in names if content[name]]
        lines += [f"  {'ready file':<15} {path}" for path in self._ready_files]
        if users:
            lines.append(f"  {'demo users':<15} {', '.join(user.username for user in users)}")
        print("\n".join(["diboas: ready", *lines, "Ctrl-C stops everything."]), flush=True)

    async def _show_demo(self) -> None:
        """In children, as the outside clients that they are. Their failure changes nothing."""
        for action in ("deposit", "send", "buy"):
            await self._show(action)

    async def _show(self, action: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *own_command(),
            "demo",
            action,
            "--ready-file",
            str(self._data_dir.ready_file),
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            raise
        if code != 0:
            print("diboas: the demonstration failed; serving goes on", file=sys.stderr)


def _ready_files(options: UpOptions, data_dir: DataDir) -> list[Path]:
    asked_for = [] if options.ready_file is None else [options.ready_file.resolve()]
    return [data_dir.ready_file, *asked_for]


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


async def _end(
    tasks: Sequence["asyncio.Task[None] | asyncio.Task[bool]"],
    *,
    seconds_max: float,
    ask_first: bool = False,
) -> None:
    """Bring tasks to their end within the bound; those that were asked already get that time
    before they are cancelled. What they raise was said before, or came of the cancelling."""
    if ask_first:
        await asyncio.wait(tasks, timeout=seconds_max)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=seconds_max)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()
