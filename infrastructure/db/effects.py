"""External calls that are due: claimed for a while, then recorded through the committer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.shared.ids import EffectId, StreamId, WalletId
from domain.shared.unit import EffectState, Group
from infrastructure.db.pool import Pool

CLAIM_MAX: Final = 200
PENDING_MAX: Final = 10_000

_CLAIM: Final = "SELECT * FROM claim_effects($1, $2, $3, $4, $5)"
_RENEW: Final = "SELECT renew_effect($1, $2, $3)"
_PARK: Final = """
    INSERT INTO parked_effect AS p (effect_id, reason) VALUES ($1, $2)
    ON CONFLICT (effect_id) DO UPDATE SET reason = EXCLUDED.reason, attempts = p.attempts + 1,
        at = clock_timestamp()
"""
_PENDING: Final = """
    SELECT id, stream_id, wallet_id, group_name, kind, key, attempt, state, epoch, tries,
        due_at, request, response
    FROM effect
    WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN') AND kind = $1 AND id > $2
    ORDER BY id LIMIT $3
"""
_BEFORE_ALL: Final = EffectId(UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedEffect:
    """An effect that the claimer holds until its lease ends; moves carry its `epoch`.

    `taken_over`: an earlier holder may have called and left no answer, so ask before repeating.
    """

    id: EffectId
    stream_id: StreamId
    wallet_id: WalletId
    group: Group
    kind: str
    key: str
    attempt: int
    state: EffectState
    epoch: int
    tries: int
    taken_over: bool
    request: Mapping[str, Any]
    response: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """An open effect as a watcher sees it, held by whomever."""

    id: EffectId
    stream_id: StreamId
    wallet_id: WalletId
    group: Group
    kind: str
    key: str
    attempt: int
    state: EffectState
    epoch: int
    tries: int
    due_at: datetime
    request: Mapping[str, Any]
    response: Mapping[str, Any]


class EffectStore:
    """Claims and reads of effects through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(
        self,
        owner: str,
        groups: Collection[Group],
        *,
        kinds: Collection[str] | None = None,
        limit: int,
        lease_seconds: float,
    ) -> list[ClaimedEffect]:
        """Take due effects that nobody holds; the longest due first."""
        rows = await self._pool.fetch(
            _CLAIM,
            owner,
            list(groups),
            None if kinds is None else list(kinds),
            min(limit, CLAIM_MAX),
            lease_seconds,
        )
        return [claimed_effect(dict(row)) for row in rows]

    async def renew(self, effect_id: EffectId, epoch: int, *, lease_seconds: float) -> bool:
        """Hold it longer; False: another has taken it over, or it has ended."""
        held: bool = await self._pool.fetchval(_RENEW, effect_id, epoch, lease_seconds)
        return held

    async def park(
        self, effect_id: EffectId, epoch: int, *, reason: str, retry_seconds: float
    ) -> None:
        """Leave it to its operator, and to nobody else for so long; its funds stay as they are."""
        await self._pool.execute(_PARK, effect_id, reason)
        await self._pool.fetchval(_RENEW, effect_id, epoch, retry_seconds)

    async def pending(
        self, kind: str, *, after: EffectId = _BEFORE_ALL, limit: int = PENDING_MAX
    ) -> list[PendingEffect]:
        """Open effects of a kind by id, for watchers that look at all of them at once."""
        rows = await self._pool.fetch(_PENDING, kind, after, min(limit, PENDING_MAX))
        return [PendingEffect(**_columns(dict(row))) for row in rows]


def claimed_effect(row: Mapping[str, Any]) -> ClaimedEffect:
    """An effect of a row that has its columns."""
    return ClaimedEffect(**_columns(row))


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(row)
    columns["group"] = Group(columns.pop("group_name"))
    columns["state"] = EffectState(columns["state"])
    return columns
