"""The movements that wait for a person of compliance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.shared.ids import StreamId, TransactionId
from infrastructure.db.pool import Pool

REVIEWS_MAX: Final = 500
"""Of one page: more than a person decides in a day."""
# Nothing of a transaction that changes is indexed: what was ever asked for is read, in its order.
_WAITING: Final = """
    SELECT t.id, t.type, t.amount, t.asset, u.username, u.kyc_level, u.country,
        t.recipient_address, e.occurred_at AS since
    FROM outbox e
    JOIN transaction t ON t.id = e.stream_id
    JOIN app_user u ON u.id = t.user_id
    WHERE e.type = 'ComplianceReviewRequired'
        AND ($2::uuid IS NULL OR (e.occurred_at, e.stream_id) > (
            SELECT b.occurred_at, b.stream_id FROM outbox b
            WHERE b.stream_id = $2 AND b.type = 'ComplianceReviewRequired'))
        AND t.waiting_on = 'OPERATOR' AND t.state = 'INITIATED'
    ORDER BY e.occurred_at, e.stream_id LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReview:
    """A movement under review; `amount` in base units (hundredths) of `asset`."""

    id: TransactionId
    type: str
    amount: int
    asset: str
    username: str
    kyc_level: str
    country: str | None
    recipient_address: str | None
    since: datetime


async def waiting_reviews(
    pool: Pool, *, limit: int, after: StreamId | None = None
) -> list[WaitingReview]:
    """Those that nobody has decided, the oldest first, behind the one called `after`; none behind
    one that was never asked for. `limit` is cut to `REVIEWS_MAX`."""
    rows = await pool.fetch(_WAITING, min(limit, REVIEWS_MAX), after)
    return [WaitingReview(**{**dict(row), "amount": int(row["amount"])}) for row in rows]
