"""LI.FI counts requests over two hours and says in every answer how many are left."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from infrastructure.sandbox.frame.server import Answer, ProviderError

WINDOW: Final = timedelta(hours=2)
# A key of 100 a minute, counted over two hours.
REQUESTS_MAX: Final = 12_000

CarryOut = Callable[[Request], Awaitable[Answer]]


class RateLimits:
    """Forgotten over a restart, as limits in front of a server are."""

    def __init__(self, now: Callable[[], datetime], *, requests_max: int = REQUESTS_MAX) -> None:
        self._now = now
        self._requests_max = requests_max
        self._seen: dict[str, deque[datetime]] = {}

    def counted(self, name: str, carry_out: CarryOut) -> CarryOut:
        """The operation, with the limit's headers on its answers, refusals too."""

        async def carry_out_counted(request: Request) -> Answer:
            headers = self._count(name)
            if headers is None:
                body = {"message": "Rate limit exceeded", "code": 1005}
                raise ProviderError(429, body, self._headers(name))
            try:
                answer = await carry_out(request)
            except ProviderError as error:
                error.answer = replace(error.answer, headers=headers)
                raise
            return replace(answer, headers=headers)

        return carry_out_counted

    def _count(self, name: str) -> Mapping[str, str] | None:
        seen = self._seen.setdefault(name, deque())
        now = self._now()
        while seen and seen[0] <= now - WINDOW:
            seen.popleft()
        if len(seen) >= self._requests_max:
            return None
        seen.append(now)
        return self._headers(name)

    def _headers(self, name: str) -> Mapping[str, str]:
        seen = self._seen[name]
        reset = seen[0] + WINDOW - self._now()
        return {
            "ratelimit-limit": str(self._requests_max),
            "ratelimit-remaining": str(self._requests_max - len(seen)),
            "ratelimit-reset": str(int(reset.total_seconds())),
        }
