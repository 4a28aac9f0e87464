"""A server that answers what it is told to, and remembers what it was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import msgspec

from infrastructure.http import HttpClient


@dataclass
class Stub:
    """`error` is raised instead of an answer. All tries of one call are answered alike."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    error: httpx.TransportError | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    def says(self, body: object, status: int = 200) -> None:
        self.status, self.body = status, msgspec.json.encode(body)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
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
