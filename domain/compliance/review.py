"""What a person of compliance decides on a movement above the approval line."""

from dataclasses import dataclass

from domain.compliance.errors import ComplianceRefusal, SanctionedAddress
from domain.compliance.screening import is_under_review, policy_version
from domain.contracts.events import (
    ComplianceBlocked,
    ComplianceCleared,
    ComplianceReviewRequired,
)
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream

REFUSED = "CMP_REVIEW_REFUSED"


class NotUnderReview(ComplianceRefusal):
    """Nobody is asked about it: it never was, is decided already, or has ended."""

    code = "CMP_NOT_UNDER_REVIEW"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReviewCommand:
    """`operator` approves or refuses, and says why; both stay with the transaction's events."""

    approves: bool
    operator: str
    reason: str


def decide_review(stream: Stream, command: DecideReviewCommand, facts: Facts) -> Decision:
    """Clears or blocks. Raises `NotUnderReview`, or `SanctionedAddress` where an address that is to
    be approved has come onto the list meanwhile."""
    if not is_under_review(stream):
        raise NotUnderReview
    addresses = stream.known(ComplianceReviewRequired).screened_addresses
    version = policy_version(facts)
    if not command.approves:
        blocked = ComplianceBlocked(
            policy_version=version,
            code=REFUSED,
            reviewed_by=command.operator,
            reason=command.reason,
        )
        return Decision(events=(blocked,))
    if facts.screening.hits(addresses):
        raise SanctionedAddress
    cleared = ComplianceCleared(
        policy_version=version,
        screened_addresses=addresses,
        reviewed_by=command.operator,
        reason=command.reason,
    )
    return Decision(events=(cleared,))
