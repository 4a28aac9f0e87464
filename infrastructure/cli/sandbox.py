"""`diboas sandbox`: the simulated world as a process of its own."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from infrastructure.cli.checks import claim_port
from infrastructure.cli.provider_keys import named_credentials
from infrastructure.cli.ready import write_json
from infrastructure.cli.signals import interrupt_on_terminate, run_until_stopped
from infrastructure.sandbox.app import create_sandbox
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.settings import StartupError
from infrastructure.web.server import serving


def run_sandbox(*, host: str, port: int, data_dir: Path, ready_file: Path | None) -> int:
    interrupt_on_terminate()
    logging.basicConfig(level=logging.WARNING)
    data_dir.mkdir(parents=True, exist_ok=True)
    port = claim_port(host, port)
    stop = asyncio.Event()
    return run_until_stopped(_serve(host, port, data_dir, ready_file, stop), stop)


async def _serve(
    host: str, port: int, data_dir: Path, ready_file: Path | None, stop: asyncio.Event
) -> int:
    url = f"http://{host}:{port}"
    app = create_sandbox(SandboxSettings(data_dir=data_dir, public_url=url))
    world: World = app.state.world
    async with serving(app, host=host, port=port) as server:
        _announce(url, world.credentials(), ready_file)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            raise StartupError("the sandbox ended by itself")
    return 0


def _announce(url: str, credentials: Mapping[str, str], ready_file: Path | None) -> None:
    """The providers' credentials go into the file alone, which its owner alone can read."""
    addresses = {"sandbox_url": url, "solana_rpc_url": f"{url}/solana"}
    if ready_file is not None:
        write_json(ready_file, {**addresses, **named_credentials(credentials)})
    for name, address in addresses.items():
        print(f"{name}: {address}", flush=True)
