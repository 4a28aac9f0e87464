"""`diboas sandbox`: the simulated world as a process of its own."""

import asyncio
import logging
from pathlib import Path
from typing import Final

import uvicorn

from infrastructure.cli.checks import claim_port
from infrastructure.cli.ready import write_json
from infrastructure.cli.signals import interrupt_on_terminate, run_until_stopped
from infrastructure.sandbox.app import create_sandbox
from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.settings import StartupError

_POLL_SECONDS: Final = 0.02
_GRACE_SECONDS: Final = 1  # for requests on their way; `diboas up` waits little longer


class _Server(uvicorn.Server):
    """The signals are ours: `run_until_stopped` has them."""

    def install_signal_handlers(self) -> None:
        """Leave them alone."""


def run_sandbox(*, host: str, port: int, data_dir: Path, ready_file: Path | None) -> int:
    interrupt_on_terminate()
    logging.basicConfig(level=logging.WARNING)
    data_dir.mkdir(parents=True, exist_ok=True)
    port = claim_port(host, port)
    server = _Server(
        uvicorn.Config(
            create_sandbox(SandboxSettings(data_dir=data_dir)),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    stop = asyncio.Event()
    return run_until_stopped(_serve(server, stop, f"http://{host}:{port}", ready_file), stop)


async def _serve(
    server: uvicorn.Server, stop: asyncio.Event, url: str, ready_file: Path | None
) -> int:
    serving = asyncio.create_task(server._serve())  # noqa: SLF001  serve() would take the signals
    while not server.started:
        if serving.done():
            await serving
            raise StartupError(f"the sandbox cannot serve on {url}")
        await asyncio.sleep(_POLL_SECONDS)
    addresses = {"sandbox_url": url, "solana_rpc_url": f"{url}/solana"}
    if ready_file is not None:
        write_json(ready_file, addresses)
    for name, address in addresses.items():
        print(f"{name}: {address}", flush=True)
    await stop.wait()
    server.should_exit = True
    await serving
    return 0
