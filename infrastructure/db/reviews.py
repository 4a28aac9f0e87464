"""The movements that wait for a person of compliance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.shared.ids import TransactionId
from infrastructure.db.pool import Pool

REVIEWS_MAX: Final = 500
"""More than a person decides in a day; the oldest come first."""
# Nothing of a transaction that changes is indexed, so this reads the table; people ask for it.
_WAITING: Final = """
    SELECT t.id, t.type, t.amount, t.asset, u.username, u.kyc_level, u.country,
        t.recipient_address, e.occurred_at AS since
    FROM transaction t
    JOIN app_user u ON u.id = t.user_id
    JOIN outbox e ON e.stream_id = t.id AND e.type = 'ComplianceReviewRequired'
    WHERE t.waiting_on = 'OPERATOR' AND t.state = 'INITIATED'
    ORDER BY e.occurred_at LIMIT $1
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


async def waiting_reviews(pool: Pool) -> list[WaitingReview]:
    """Those that nobody has decided, the oldest first."""
    rows = await pool.fetch(_WAITING, REVIEWS_MAX)
    return [WaitingReview(**{**dict(row), "amount": int(row["amount"])}) for row in rows]
