"""A simulated world without sockets: providers behind an ASGI transport, and a platform that keeps
what webhooks it gets. Its time stands still until a test moves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from infrastructure.http import HttpClient
from infrastructure.sandbox.frame.control import BadControl, WorldControl
from infrastructure.sandbox.frame.faults import FaultKind, ProviderFault
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import SandboxClock, World
from infrastructure.sandbox.solana.control import refuse

BASE_URL = "http://sandbox.test"
PLATFORM_URL = "http://platform.test/webhooks/"
NOON = 1_772_366_400.0
"""2026-03-01 12:00 UTC, in Unix seconds."""

Mounts = Callable[[World, WebhookSender], list[BaseRoute]]


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as the platform got it; header names are lower-case."""

    provider: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class ProviderWorld:
    """`client` reaches the providers; `received` is what they sent to the platform. The platform
    answers `webhook_status`."""

    world: World
    sender: WebhookSender
    client: HttpClient
    received: list[Received] = field(default_factory=list)
    webhook_status: int = 200

    def fault(self, kind: FaultKind, provider: str, **more: object) -> None:
        self.world.faults.add(ProviderFault(kind=kind, provider=provider, **more))  # type: ignore[arg-type]  # its own fields

    def skip(self, **duration: float) -> None:
        self.world.clock.skip(timedelta(**duration))


@asynccontextmanager
async def provider_world(
    mounts: Mounts, *, timeout_seconds: float = 2.0
) -> AsyncIterator[ProviderWorld]:
    """Providers mounted below BASE_URL, with their webhooks going to the platform."""
    memory = Memory(None)
    world = World(memory=memory, clock=SandboxClock(memory, lambda: NOON), public_url=BASE_URL)
    found: list[ProviderWorld] = []

    async def keep(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        kept = Received(request.path_params["provider"], headers, await request.body())
        found[0].received.append(kept)
        return Response(status_code=found[0].webhook_status)

    platform = Starlette(routes=[Route("/webhooks/{provider}", keep, methods=["POST"])])
    async with HttpClient(transport=httpx.ASGITransport(platform)) as outgoing:
        sender = WebhookSender(world, outgoing)
        app = Starlette(
            routes=[
                *mounts(world, sender),
                Mount("/control", routes=WorldControl(world, sender).routes()),
            ],
            exception_handlers={BadControl: refuse},
        )
        transport = httpx.ASGITransport(app)
        async with HttpClient(transport=transport, timeout_seconds=timeout_seconds) as client:
            found.append(ProviderWorld(world=world, sender=sender, client=client))
            yield found[0]
        await sender.close()
    memory.close()
