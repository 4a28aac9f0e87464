"""One call to a provider, with a deadline: its value or a setback.

What changes something is sent once: only the caller knows what an unknown outcome means. Anything
else the client repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from domain.provider.ports.answers import NotAttempted, Setback, Unanswered
from infrastructure.http import HttpClient, HttpError, HttpResponse
from infrastructure.providers.setbacks import Setbacks

JSON: Final = {"content-type": "application/json"}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`changes`: it has an effect. Query, headers and content may hold keys and personal data."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    timeout_seconds: float
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    client: HttpClient
    setbacks: Setbacks

    async def make(self, call: Call, kind: type[Answer]) -> Answer | Setback:
        response = await self.send(call)
        if not isinstance(response, HttpResponse):
            return response
        return self.setbacks.answer(response, kind, changes=call.changes)

    async def send(self, call: Call) -> HttpResponse | NotAttempted | Unanswered:
        """The bare answer, for whoever must look at it before `Setbacks` does."""
        try:
            return await self.client.request(
                call.method,
                call.url,
                content=call.content,
                headers=call.headers,
                timeout_seconds=call.timeout_seconds,
                idempotent=not call.changes,
            )
        except HttpError as error:
            return self.setbacks.of_error(error, changes=call.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Calls in JSON below one address that change nothing there, so that each may be repeated.
    Keys travel in `headers` or in `query`, which goes with every call; neither is ever logged."""

    caller: Caller
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path

    async def read(
        self, path: str, kind: type[Answer], *, query: Mapping[str, str] | None = None
    ) -> Answer | Setback:
        return await self._ask("GET", path, kind, query=query)

    async def compose(
        self, path: str, body: msgspec.Struct, kind: type[Answer]
    ) -> Answer | Setback:
        """A POST that has no effect: its answer is made of the body."""
        return await self._ask("POST", path, kind, content=msgspec.json.encode(body))

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer | Setback:
        asked = urlencode({**(query or {}), **self.query})
        call = Call(
            method=method,
            url=self.url(path) + (f"?{asked}" if asked else ""),
            headers={**self.headers, **({} if content is None else JSON)},
            content=content,
            timeout_seconds=self.timeout_seconds,
        )
        return await self.caller.make(call, kind)
