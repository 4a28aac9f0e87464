"""Why compliance stops a movement.

Refused
└── ComplianceRefusal
    ├── SanctionedAddress
    ├── CountryBlocked
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


class CountryBlocked(ComplianceRefusal):
    """The platform does not serve the user's country."""

    code = "CMP_COUNTRY_BLOCKED"


class FlowNotAllowed(ComplianceRefusal):
    """The user's KYC level does not include this flow."""

    code = "CMP_KYC_REQUIRED"


class LimitExceeded(ComplianceRefusal):
    """The amount is above a limit for one transaction, or above what a window has left; then
    `retry_after` says when more of it becomes free."""

    code = "CMP_TRANSACTION_LIMIT"
