"""A server that answers what it is told to, by path, and remembers what it was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import msgspec

from infrastructure.http import HttpClient


@dataclass
class Stub:
    """What the last part of a path is told, or else everybody. `error` is raised instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    error: httpx.TransportError | None = None
    bodies: dict[str, object] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        last = request.url.path.rsplit("/", 1)[-1]
        if last in self.bodies:
            return httpx.Response(200, content=msgspec.json.encode(self.bodies[last]))
        if self.error is not None:
            raise self.error
        return httpx.Response(self.status, headers=self.headers, content=self.body)


@asynccontextmanager
async def stubbed() -> AsyncIterator[tuple[Stub, HttpClient]]:
    stub = Stub()
    async with HttpClient(transport=httpx.MockTransport(stub.answer)) as client:
        yield stub, client


def noon() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
