"""An ASGI application on a port, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from infrastructure.settings import StartupError

GRACE_SECONDS: Final = 1
"""For requests on their way, and for streams to hear that they end."""
_POLL_SECONDS: Final = 0.02


class _Server(uvicorn.Server):
    """The signals are the process's own: `infrastructure.cli.signals` has them."""

    async def run_without_signals(self) -> None:
        await self._serve()


@asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str, port: int, websocket_bytes_max: int = 1_048_576
) -> AsyncIterator[asyncio.Task[None]]:
    """Serves while the block lasts; the task that it yields ends only when the server fails.

    Raises `StartupError` where the address cannot be served on.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=websocket_bytes_max,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.run_without_signals(), name=f"serve {host}:{port}")
    try:
        while not server.started:
            if task.done():
                raise StartupError(f"cannot serve on {host}:{port}") from task.exception()
            await asyncio.sleep(_POLL_SECONDS)
        yield task
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
