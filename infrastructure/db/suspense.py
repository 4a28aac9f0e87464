"""What does not fit and waits for a person: money in suspense, and transactions that cannot go on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.shared.ids import StreamId
from infrastructure.db.pool import Pool

CASES_MAX: Final = 500
"""Of one page: more than a person decides in a day."""
# Suspense ends by as many events as it began with; what is told without being booked is elsewhere.
_WAITING: Final = """
    WITH told AS (
        SELECT stream_id, occurred_at, type IN ('SuspenseReleased', 'SuspenseReturned') AS is_end
        FROM outbox
        WHERE type IN ('BlockedDepositReceived', 'DeliverySuspended', 'SuspenseReleased',
            'SuspenseReturned') AND data->>'is_booked' IS DISTINCT FROM 'false'
    ), open AS (
        SELECT stream_id, min(occurred_at) FILTER (WHERE NOT is_end) AS since FROM told
        GROUP BY stream_id
        HAVING count(*) FILTER (WHERE NOT is_end) > count(*) FILTER (WHERE is_end)
    ), waiting AS (
        SELECT stream_id, since FROM open
        UNION ALL
        SELECT e.stream_id, e.occurred_at FROM outbox e
        JOIN transaction t ON t.id = e.stream_id
        WHERE e.type = 'OperatorRequired' AND t.waiting_on = 'OPERATOR'
            AND t.state NOT IN ('COMPLETED', 'FAILED')
    ), found AS (
        SELECT stream_id AS id, min(since) AS since FROM waiting GROUP BY stream_id
    )
    SELECT f.id, f.since, u.username, t.type, t.state
    FROM found f
    JOIN outbox o ON o.stream_id = f.id AND o.sequence = 1
    JOIN app_user u ON u.id = o.user_id
    LEFT JOIN transaction t ON t.id = f.id
    WHERE ($3::uuid IS NULL OR f.id = $3)
        AND ($2::uuid IS NULL OR (f.since, f.id) > (SELECT since, id FROM found WHERE id = $2))
    ORDER BY f.since, f.id LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCase:
    """`type` and `state` are the transaction's; None where something came in without one."""

    id: StreamId
    since: datetime
    username: str
    type: str | None
    state: str | None


async def waiting_cases(
    pool: Pool, *, limit: int, after: StreamId | None = None, only: StreamId | None = None
) -> list[WaitingCase]:
    """Those that nobody has resolved, the oldest first, behind the one called `after`. `limit` is
    cut to `CASES_MAX`."""
    rows = await pool.fetch(_WAITING, min(limit, CASES_MAX), after, only)
    return [WaitingCase(**dict(row)) for row in rows]
