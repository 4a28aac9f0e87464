"""create_sandbox(settings): one ASGI application with every server of the sandbox.

/solana             JSON-RPC of the Solana node
/control/solana/*   faults, pace, minted USDC, airdrops
/health             answers once everything is open
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.sandbox.solana import control
from infrastructure.sandbox.solana.control import SolanaControl
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.server import SolanaServer


def create_sandbox(settings: SandboxSettings) -> Starlette:
    """The application with its data opened; it is closed with the application's lifespan."""
    node = SolanaNode(
        data_dir=settings.data_dir, timing=settings.timing, wall_clock=settings.wall_clock
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        node.close()

    app = Starlette(
        routes=[
            Route("/solana", SolanaServer(node).handle, methods=["POST"]),
            Mount("/control/solana", routes=SolanaControl(node).routes()),
            Route("/health", _health),
        ],
        exception_handlers=dict.fromkeys(control.REFUSED, control.refuse),
        lifespan=lifespan,
    )
    app.state.solana = node
    return app


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
