"""Who looks: one process of several, by a lease that is renewed long before it ends."""

import time
from collections.abc import Callable
from typing import Final, Protocol

LEASE_SECONDS: Final = 15.0
RENEW_SECONDS: Final = LEASE_SECONDS / 3


class Acquires(Protocol):
    """Whether `owner` has the lease from now on for that long."""

    async def __call__(self, lease: str, owner: str, *, seconds: float) -> bool: ...


class Tenure:
    """One process's part in a lease: asked at every turn, it writes only now and then."""

    def __init__(
        self,
        acquire: Acquires,
        *,
        lease: str,
        owner: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._acquire = acquire
        self._lease = lease
        self._owner = owner
        self._clock = clock
        self._renew_at: float | None = None

    async def is_held(self) -> bool:
        """Whether it is this process's turn, for ten seconds at least."""
        asked_at = self._clock()
        if self._renew_at is not None and asked_at < self._renew_at:
            return True
        held = await self._acquire(self._lease, self._owner, seconds=LEASE_SECONDS)
        self._renew_at = asked_at + RENEW_SECONDS if held else None
        return held
