"""The one outgoing HTTP client: every provider and chain adapter speaks through it.

    HttpError
    ├── HttpUnavailable   no connection was made: the request was certainly not executed
    └── HttpTimeout       the connection broke or time ran out: the outcome is unknown

An answer with any status is an answer, never an error: what a status means is the adapter's matter.
"""

import asyncio
import copy
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

import httpx

from infrastructure.http_connections import Connections

logger = logging.getLogger(__name__)

# A retry helps against a blip; a longer outage is the caller's to schedule.
RETRIES_MAX: Final = 2
RETRY_PAUSE_SECONDS: Final = 0.1
# Gateways answer these when nothing behind them did.
RETRYABLE_STATUSES: Final = frozenset({502, 503, 504})
CONNECT_TIMEOUT_SECONDS: Final = 3.0
REQUEST_ID_HEADER: Final = "x-request-id"
_HEADERS: Final = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "diboas"}


class HttpError(Exception):
    """No answer came; `host` says from whom."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason = reason


class HttpUnavailable(HttpError):
    """The request was certainly not executed."""


class HttpTimeout(HttpError):
    """The request may have been executed."""


def _unheard() -> None:
    pass


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`headers` have lower-case names. Who cannot read the body says so at once with `unreadable`:
    such an answer counts against its provider."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    unreadable: Callable[[], None] = field(default=_unheard, repr=False, compare=False)

    @property
    def retry_after_seconds(self) -> int | None:
        """Retry-After in seconds; its date form and nonsense count as absent."""
        text = self.headers.get("retry-after", "")
        return int(text) if text.isascii() and text.isdigit() else None


class Guard(Protocol):
    """Decides whether a call may be made now, and hears how it ended."""

    async def call(self, url: str, work: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
        """What `work` answers; raises `HttpUnavailable` where it may not be done."""
        ...


class HttpClient:
    """An asynchronous client with bounded connections and a deadline per try.

    It retries only calls that say they are idempotent. It logs method, host, status and duration:
    never paths, queries, headers or bodies, where keys and personal data travel.
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        # No client of httpx around it: an inherited proxy setting must not reroute money, and one
        # user's cookies are no other's.
        self._transport = transport or Connections()
        self._timeout_seconds = timeout_seconds
        self._guard: Guard | None = None

    def guarded(self, guard: Guard) -> "HttpClient":
        """The same connections, for calls that `guard` lets pass. It is closed with this one."""
        twin = copy.copy(self)
        twin._guard = guard  # noqa: SLF001 - its own
        return twin

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._transport.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        idempotent: bool = False,
    ) -> HttpResponse:
        """The answer of `url`, or an HttpError; at most `timeout_seconds` a try."""
        sent = {**_HEADERS, REQUEST_ID_HEADER: uuid.uuid4().hex, **(headers or {})}
        limit = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        tries = RETRIES_MAX if idempotent else 0

        def work() -> Awaitable[HttpResponse]:
            return self._repeated(method, url, content, sent, limit, tries_left=tries)

        return await (work() if self._guard is None else self._guard.call(url, work))

    async def _repeated(
        self,
        method: str,
        url: str,
        content: bytes | None,
        sent: dict[str, str],
        limit: float,
        *,
        tries_left: int,
    ) -> HttpResponse:
        unknown: HttpTimeout | None = None
        while True:
            try:
                answer = await self._once(method, url, content, sent, limit)
            except HttpError as error:
                unknown = error if isinstance(error, HttpTimeout) else unknown
                if tries_left == 0:
                    # What one try left unknown, a later one that found nobody does not settle.
                    if unknown is not None and unknown is not error:
                        raise unknown from error
                    raise
            else:
                if tries_left == 0 or answer.status not in RETRYABLE_STATUSES:
                    return answer
            tries_left -= 1
            # Full jitter: callers that failed together do not return together.
            await asyncio.sleep(random.uniform(0, RETRY_PAUSE_SECONDS))  # noqa: S311 - jitter

    async def _once(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str], limit: float
    ) -> HttpResponse:
        request = _request(method, url, content, headers, limit)
        host = request.url.host
        started = time.monotonic()
        try:
            async with asyncio.timeout(limit):
                answer = await self._transport.handle_async_request(request)
                body = await answer.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            logger.info("%s %s unavailable: %s", method, host, type(error).__name__)
            raise HttpUnavailable(host, type(error).__name__) from error
        except (httpx.TransportError, TimeoutError) as error:
            logger.info("%s %s no answer: %s", method, host, type(error).__name__)
            raise HttpTimeout(host, type(error).__name__) from error
        milliseconds = (time.monotonic() - started) * 1000
        logger.debug("%s %s %d %.0f ms", method, host, answer.status_code, milliseconds)
        return HttpResponse(answer.status_code, dict(answer.headers), body)


def _request(
    method: str, url: str, content: bytes | None, headers: dict[str, str], limit: float
) -> httpx.Request:
    """With as many seconds for each part of it as there are for all, and fewer to be connected."""
    connect = min(limit, CONNECT_TIMEOUT_SECONDS)
    timeout = {"connect": connect, "pool": connect, "read": limit, "write": limit}
    request = httpx.Request(
        method, url, content=content, headers=headers, extensions={"timeout": timeout}
    )
    if request.url.userinfo:
        # The key of a node may be part of its address.
        auth = httpx.BasicAuth(request.url.username, request.url.password)
        return next(auth.auth_flow(request))
    return request
