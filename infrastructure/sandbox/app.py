"""create_sandbox(settings): one ASGI application with every server of the sandbox.

/solana             JSON-RPC of the Solana node
/coinbase, /stripe  the providers and the other chains, each as its real API; all of them
                    are in `providers.py`
/control/solana/*   faults, pace, minted USDC, airdrops
/control/*          faults of the providers, time, where webhooks go, credentials, first money
/health             answers once everything is open
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from infrastructure.http import HttpClient
from infrastructure.sandbox.deliveries import Delivery
from infrastructure.sandbox.frame.control import BadControl, WorldControl
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.time import pass_time
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import SandboxClock, World
from infrastructure.sandbox.providers import provider_mounts
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
    memory = Memory(settings.data_dir)
    world = World(
        memory=memory,
        clock=SandboxClock(memory, settings.wall_clock),
        public_url=settings.public_url,
    )
    outgoing = HttpClient()
    sender = WebhookSender(world, outgoing)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        passing = asyncio.create_task(pass_time(world))
        yield
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
        await sender.close()
        await outgoing.close()
        memory.close()
        node.close()

    app = Starlette(
        routes=[
            Route("/solana", SolanaServer(node).handle, methods=["POST"]),
            *provider_mounts(world, sender, node),
            Mount("/control/solana", routes=SolanaControl(node).routes()),
            Mount(
                "/control",
                routes=WorldControl(world, sender, deliver=Delivery(world, node)).routes(),
            ),
            Route("/health", _health),
        ],
        exception_handlers=dict.fromkeys((*control.REFUSED, BadControl), control.refuse),
        lifespan=lifespan,
    )
    app.state.solana = node
    app.state.world = world
    return app


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
