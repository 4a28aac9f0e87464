"""Why compliance stops a movement.

Refused
└── ComplianceRefusal
    ├── SanctionedAddress
    ├── FlowNotAllowed
    └── LimitExceeded
"""

from domain.shared.errors import Refused


class ComplianceRefusal(Refused):
    """A movement that rules or screening do not allow."""

    code = "CMP_REFUSED"


class SanctionedAddress(ComplianceRefusal):
    """One side is on the sanctions list; the text does not say which."""

    code = "CMP_SANCTIONED"


class FlowNotAllowed(ComplianceRefusal):
    """The user's KYC level does not include this flow."""

    code = "CMP_KYC_REQUIRED"


class LimitExceeded(ComplianceRefusal):
    """The amount is above the level's limit for one transaction."""

    code = "CMP_TRANSACTION_LIMIT"
