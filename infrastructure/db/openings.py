"""What a flow has to know of its user before it begins, in one read; and providers' records."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.shared.assets import Chain
from domain.shared.decision import Profile
from domain.shared.ids import UserId, WalletId
from infrastructure.db.limits import profile_of
from infrastructure.db.pool import Pool
from infrastructure.db.sends import StoredResult

RECORDS_KEPT_SECONDS: Final = 30.0
RECORDS_DAYS: Final = 30

_OPENING: Final = """
    SELECT u.username, u.kyc_level, u.country, u.risk_tier, u.preferred_providers,
        limit_usage(w.id) AS usage,
        w.id AS wallet_id, a.address,
        k.input_hash, k.result
    FROM app_user u
    JOIN wallet w ON w.user_id = u.id
    JOIN wallet_address a ON a.wallet_id = w.id AND a.chain = $2
    LEFT JOIN idempotency_key k ON k.principal = $3 AND k.operation = $4 AND k.key = $5
    WHERE u.id = $1
"""
_RECORDS: Final = """
    SELECT provider, count(*) AS attempts,
        count(*) FILTER (WHERE outcome = 'DONE') AS successes
    FROM provider_interaction
    WHERE at > clock_timestamp() - make_interval(days => $1) AND operation = 'open'
    GROUP BY provider
"""


_DURATIONS: Final = """
    SELECT estimated_as, (percentile_cont(0.9) WITHIN GROUP (
        ORDER BY extract(epoch FROM completed_at - created_at)))::int AS seconds
    FROM (
        SELECT estimated_as, created_at, completed_at FROM transaction
        WHERE state = 'COMPLETED' AND completed_at > clock_timestamp() - make_interval(days => $1)
        ORDER BY completed_at DESC LIMIT 10000
    ) lately
    WHERE estimated_as IS NOT NULL
    GROUP BY estimated_as HAVING count(*) >= $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How often a provider did what it was asked, of late."""

    successes: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOpening:
    """The user, their wallet and their address on the flow's chain; providers that they prefer;
    what the key was used for."""

    wallet_id: WalletId
    username: str
    address: str
    profile: Profile
    preferred: frozenset[str]
    known: StoredResult | None


class OpeningReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._records: Mapping[str, Record] = {}
        self._records_until = 0.0

    async def opening(
        self, user_id: UserId, *, chain: Chain, operation: str, key: str
    ) -> UserOpening | None:
        """None for a user who has no address on that chain."""
        row = await self._pool.fetchrow(_OPENING, user_id, chain, str(user_id), operation, key)
        if row is None:
            return None
        used = row["input_hash"] is not None
        return UserOpening(
            wallet_id=row["wallet_id"],
            username=row["username"],
            address=row["address"],
            profile=profile_of(user_id, row),
            preferred=frozenset(row["preferred_providers"]),
            known=StoredResult(input_hash=row["input_hash"], result=row["result"])
            if used
            else None,
        )

    async def durations(self, *, completed_min: int) -> Mapping[str, int]:
        """Within how many seconds nine of ten transactions of a usual time's name were completed, of those
        names that have been completed often enough in the last days."""
        rows = await self._pool.fetch(_DURATIONS, RECORDS_DAYS, completed_min)
        return {row["estimated_as"]: max(1, row["seconds"]) for row in rows}

    async def records(self) -> Mapping[str, Record]:
        """How providers did in the last days; at most half a minute old."""
        if time.monotonic() >= self._records_until:
            rows = await self._pool.fetch(_RECORDS, RECORDS_DAYS)
            self._records = {
                row["provider"]: Record(successes=row["successes"], attempts=row["attempts"])
                for row in rows
            }
            self._records_until = time.monotonic() + RECORDS_KEPT_SECONDS
        return self._records
