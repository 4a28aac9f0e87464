"""What compliance's decision says of the transaction, in every flow."""

from typing import Final

from domain.contracts.envelope import EventPayload
from domain.contracts.events import (
    BalanceHeldForReview,
    ComplianceBlocked,
    ComplianceCleared,
    ComplianceReviewRequired,
)
from domain.transaction.flow import Record

REVIEW_RECORDS: Final[dict[type[EventPayload], Record]] = {
    ComplianceReviewRequired: Record(waiting_on="OPERATOR"),
    BalanceHeldForReview: Record(funds_location="RESERVED"),
    ComplianceCleared: Record(waiting_on="NONE"),
    ComplianceBlocked: Record(waiting_on="NONE"),
}
