"""Which providers an operator switched off, and what their health checks said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from infrastructure.db.pool import Pool

_LAST: Final = """
    SELECT provider, enabled, reason, operator, at FROM (
        SELECT DISTINCT ON (provider) * FROM provider_switch ORDER BY provider, id DESC
    ) last
"""
_SWITCH: Final = """
    INSERT INTO provider_switch (provider, enabled, reason, operator) VALUES ($1, $2, $3, $4)
"""
_HEALTH: Final = "SELECT provider, failures_in_row FROM provider_health"
_CLAIM: Final = """
    INSERT INTO provider_health AS h (provider) SELECT p FROM unnest($1::text[]) AS p ORDER BY p
    ON CONFLICT (provider) DO UPDATE SET asked_at = EXCLUDED.asked_at
        WHERE h.asked_at <= EXCLUDED.asked_at - make_interval(secs => $2)
    RETURNING provider
"""
# Most are well and were well before: nothing is written of them.
_TOLD: Final = """
    UPDATE provider_health SET failures_in_row = CASE WHEN $2 THEN 0 ELSE failures_in_row + 1 END
    WHERE provider = $1 AND NOT ($2 AND failures_in_row = 0) RETURNING failures_in_row
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """The last word of an operator on a provider."""

    provider: str
    enabled: bool
    reason: str
    operator: str
    at: datetime


class StandingStore:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def switched(self) -> Mapping[str, Switched]:
        """Those of which an operator has ever said something."""
        rows = await self._pool.fetch(_LAST)
        return {row["provider"]: Switched(**dict(row)) for row in rows}

    async def switch(self, provider: str, *, enabled: bool, reason: str, operator: str) -> None:
        """Stored for ever; a later word takes its place."""
        await self._pool.execute(_SWITCH, provider, enabled, reason, operator)

    async def failures(self) -> Mapping[str, int]:
        """How many of the last checks failed in a row."""
        return {row["provider"]: row["failures_in_row"] for row in await self._pool.fetch(_HEALTH)}

    async def claim(self, providers: Collection[str], *, seconds: float) -> Collection[str]:
        """Those that nobody has asked for so long: the caller is the one who asks them."""
        rows = await self._pool.fetch(_CLAIM, list(providers), seconds)
        return {row["provider"] for row in rows}

    async def told(self, provider: str, *, healthy: bool) -> int:
        """Stores an outcome; how many have failed in a row."""
        failures: int | None = await self._pool.fetchval(_TOLD, provider, healthy)
        return failures or 0
