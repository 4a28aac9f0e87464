"""Why a user's answer to a required action is not taken, or what depends on a price not done.

Refused
├── ActionRefused
│   ├── ActionStale
│   ├── ActionReplayed
│   ├── TooManyFailed
│   └── NoSuchOption
└── PriceUnavailable
"""

from domain.shared.errors import Refused


class ActionRefused(Refused):
    """The action does not take this answer."""

    code = "TXN_ACTION_REFUSED"


class ActionStale(ActionRefused):
    """What was shown can no longer be signed: expired, cancelled or replaced by a newer one."""

    code = "TXN_ACTION_STALE"


class ActionReplayed(ActionRefused):
    """The action was answered before."""

    code = "TXN_ACTION_REPLAYED"


class TooManyFailed(ActionRefused):
    """So many of the user's transactions failed on the chain within a day, each at the platform's
    cost, that no more are signed for them until `retry_after`."""

    code = "TXN_FAILED_TOO_OFTEN"


class NoSuchOption(ActionRefused):
    """It is none of the `options` that the user was given."""

    code = "VAL_OPTION"


class PriceUnavailable(Refused):
    """No source tells what `asset` is worth now: a price is missing or too old to decide by."""

    code = "PRV_PRICE_UNAVAILABLE"
