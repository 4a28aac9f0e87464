"""The connections of the HTTP client, kept for a while between requests.

The pool of httpx looks at each of its connections whenever a request begins or ends: with forty
under way that is three quarters of a request's cost (`make bench-send`).
"""

import asyncio
from collections import deque
from typing import Final

import httpcore
import httpx

from infrastructure.http_streams import WholeRequests

# One process needs few: the bound protects providers and our file descriptors.
CONNECTIONS_MAX: Final = 100
KEPT_CONNECTIONS_MAX: Final = 100
# Shorter than servers keep theirs (5 s and more): a connection that its server closes as we write
# would make an outcome unknown for nothing.
KEPT_SECONDS: Final = 3.0

_BROKEN: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class Connections(httpx.AsyncBaseTransport):
    """HTTP/1.1 to any server. An answer is read whole before its connection serves another."""

    def __init__(self) -> None:
        # `trust_env=False`: an inherited setting must not choose whom we trust.
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._streams = WholeRequests()
        self._free = asyncio.Semaphore(CONNECTIONS_MAX)
        self._kept: deque[httpcore.AsyncHTTPConnection] = deque()

    async def aclose(self) -> None:
        while self._kept:
            await self._kept.popleft().aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `PoolTimeout` or `ConnectError` where nothing was sent, else `NetworkError`."""
        try:
            async with asyncio.timeout(request.extensions["timeout"]["pool"]):
                await self._free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection is free") from error
        try:
            return await self._answer(_plain(request))
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise httpx.ConnectError(str(error)) from error
        except _BROKEN as error:
            raise httpx.NetworkError(str(error)) from error
        finally:
            self._free.release()

    async def _answer(self, request: httpcore.Request) -> httpx.Response:
        connection = await self._connection(request.url.origin)
        try:
            answer = await connection.handle_async_request(request)
            content = await answer.aread()
            await answer.aclose()
        except BaseException:
            await connection.aclose()
            raise
        if connection.is_idle():
            await self._keep(connection)
        return httpx.Response(answer.status, headers=answer.headers, content=content)

    async def _connection(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """The one that was kept last, else a new one."""
        while self._kept and self._kept[0].has_expired():
            await self._kept.popleft().aclose()
        for known in reversed(self._kept):
            # What its server has closed has expired, too.
            if known.can_handle_request(origin) and not known.has_expired():
                self._kept.remove(known)
                return known
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._tls,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=self._streams,
        )

    async def _keep(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._kept.append(connection)
        if len(self._kept) > KEPT_CONNECTIONS_MAX:
            await self._kept.popleft().aclose()


def _plain(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.content,
        extensions=request.extensions,
    )
