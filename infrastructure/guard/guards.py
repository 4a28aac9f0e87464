"""The guard of a provider: every call to it passes here, and its outcome is counted.

Counted as failures: no connection, no answer, 408 and 5xx, a body that cannot be read. A clear no
is an answer. A call that is refused here was certainly not made.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from domain.provider.breaker import (
    GuardLimits,
    GuardState,
    Outcome,
    Phase,
    Refusal,
    admit,
    phase,
    settle,
)
from infrastructure.guard.states import GuardStates
from infrastructure.http import Guard, HttpError, HttpResponse, HttpUnavailable

logger = logging.getLogger(__name__)

WAIT_SECONDS_MAX: Final = 2.0
"""A call waits so long for its turn: a burst is no reason to fail."""
TURN_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 2.0
"""A call that its caller gave up after so long was not answered in time."""
_LEASE_BYTES: Final = 6
_TIMEOUT: Final = 408
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


@dataclass(slots=True)
class _Call:
    """A call under way; its outcome is corrected until it is counted."""

    lease: str
    started: float | None = None
    outcome: Outcome = Outcome.UNTOLD

    def unreadable(self) -> None:
        self.outcome = Outcome.FAILED


class Guards:
    """One guard a name, over shared states."""

    def __init__(
        self,
        states: GuardStates,
        limits: Callable[[str], GuardLimits],
        clock: Callable[[], datetime],
    ) -> None:
        self._states = states
        self._limits = limits
        self._clock = clock
        self._counting: set[asyncio.Task[None]] = set()

    def of(self, name: str) -> "ProviderGuard":
        return ProviderGuard(name, self)

    def of_nodes(self, name: str, urls: Sequence[str]) -> Guard:
        """Each node of a chain has a guard of its own: the next one may be well."""
        return _NodeGuards(
            {url.rstrip("/"): self.of(node_name(name, place)) for place, url in enumerate(urls)}
        )

    async def phase(self, name: str) -> Phase:
        return phase(await self._states.look(name), self._now())

    async def aclose(self) -> None:
        """Waits for outcomes that are being counted."""
        await asyncio.gather(*self._counting, return_exceptions=True)

    def new_lease(self) -> str:
        return self._states.owner + secrets.token_hex(_LEASE_BYTES)

    async def admit(self, name: str, lease: str) -> Refusal | None:
        def change(state: GuardState, parts: int) -> tuple[GuardState, Refusal | None]:
            return admit(state, self._limits(name).share(parts), lease, self._now())

        return await self._states.change(name, change)

    def count(self, name: str, call: _Call) -> None:
        """Later than now: whoever reads the answer may still say that it cannot."""
        task = asyncio.create_task(self._settle(name, call), name=f"guard {name}")
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _settle(self, name: str, call: _Call) -> None:
        def change(state: GuardState, parts: int) -> tuple[GuardState, tuple[Phase, Phase]]:
            now = self._now()
            limits = self._limits(name).share(parts)
            after = settle(state, limits, call.lease, call.outcome, now)
            return after, (phase(state, now), phase(after, now))

        before, after = await self._states.change(name, change)
        if before is not after:
            level = logging.ERROR if after is Phase.OPEN else logging.WARNING
            logger.log(level, "the breaker of %s is %s", name, after.value)

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)


class ProviderGuard:
    """Satisfies `Guard`."""

    def __init__(self, name: str, guards: Guards) -> None:
        self._name = name
        self._guards = guards

    async def call(self, url: str, work: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
        call = _Call(self._guards.new_lease())
        try:
            await self._enter(url, call.lease)
            call.started = time.monotonic()
            answer = await work()
        except _Refused:
            raise
        except HttpError:
            call.outcome = Outcome.FAILED
            self._guards.count(self._name, call)
            raise
        except BaseException:
            # The caller's time was over, or the process ends.
            if call.started and time.monotonic() - call.started >= PATIENCE_SECONDS:
                call.outcome = Outcome.FAILED
            self._guards.count(self._name, call)
            raise
        call.outcome = _outcome(answer.status)
        self._guards.count(self._name, call)
        return HttpResponse(answer.status, answer.headers, answer.body, call.unreadable)

    async def _enter(self, url: str, lease: str) -> None:
        """Raises `HttpUnavailable` where no turn comes."""
        until = time.monotonic() + WAIT_SECONDS_MAX
        while (refusal := await self._guards.admit(self._name, lease)) is not None:
            if refusal is Refusal.OPEN or time.monotonic() >= until:
                raise _Refused(urlsplit(url).hostname or self._name, refusal.value)
            await asyncio.sleep(TURN_SECONDS)


class _Refused(HttpUnavailable):
    """Refused here: nothing to count."""


class _NodeGuards:
    """Satisfies `Guard`: that of the node whose address a call begins with."""

    def __init__(self, guards: Mapping[str, ProviderGuard]) -> None:
        # A longer address may begin with a shorter one.
        self._guards = dict(sorted(guards.items(), key=lambda each: len(each[0]), reverse=True))

    async def call(self, url: str, work: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
        guard = next(guard for node, guard in self._guards.items() if url.startswith(node))
        return await guard.call(url, work)


def node_name(chain: str, place: int) -> str:
    """The first node has the chain's own name."""
    return chain if place == 0 else f"{chain}.{place + 1}"


def _outcome(status: int) -> Outcome:
    if status == _TOO_MANY:
        return Outcome.UNTOLD
    return Outcome.FAILED if status == _TIMEOUT or status >= _SERVER_ERROR else Outcome.ANSWERED
