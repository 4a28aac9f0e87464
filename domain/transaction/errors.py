"""Why a transaction is not begun or not stopped.

Refused
├── SelfSend
├── BelowMinimum
├── FeesExceedAmount
├── GasMissing
├── NoProvider
├── PositionLocked
├── UnknownTransaction
└── NotCancellable
"""

from domain.shared.errors import Refused


class SelfSend(Refused):
    """The recipient is the sender."""

    code = "TXN_SELF_SEND"


class BelowMinimum(Refused):
    """The amount is below the flow's least amount."""

    code = "TXN_BELOW_MINIMUM"


class FeesExceedAmount(Refused):
    """Nothing would be left for the recipient."""

    code = "TXN_FEES_EXCEED_AMOUNT"


class GasMissing(Refused):
    """The network takes its fee in `asset`, of which at most `needed` is needed: there is less."""

    code = "TXN_GAS_MISSING"


class NoProvider(Refused):
    """Nobody can carry it out now."""

    code = "PRV_NONE_AVAILABLE"


class PositionLocked(Refused):
    """The strategy keeps the money until a date."""

    code = "TXN_POSITION_LOCKED"


class UnknownTransaction(Refused):
    """There is none by that identifier, or it is somebody else's: both read the same."""

    code = "TXN_NOT_FOUND"


class NotCancellable(Refused):
    """It has ended, or what cannot be undone has begun; of a payment, at which `provider`."""

    code = "TXN_NOT_CANCELLABLE"
