"""What a movement takes of its user's limits, and what of them is taken already.

Amounts are USD in millionths (as USDC base units are), windows end now and begin so many seconds ago.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

DAY_SECONDS: Final = 86_400
WEEK_SECONDS: Final = 7 * DAY_SECONDS
MONTH_SECONDS: Final = 30 * DAY_SECONDS
"""Windows roll: a month is the last thirty days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `most` within the last `seconds`, of one payment `method` or of all that a wallet
    moves; `code` (of the catalogue) says what is exceeded."""

    code: str
    seconds: int
    most: int
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReserved:
    """A movement's share of its wallet's limits: stored with it, or the Unit is rejected by the
    `code` of the cap that it would pass."""

    amount: int
    at: datetime
    caps: tuple[Cap, ...]
    method: str | None = None


class LimitState(StrEnum):
    """RESERVED while the movement is under way, then USED for its windows, or RELEASED."""

    RESERVED = "RESERVED"
    USED = "USED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettled:
    """What became of the stream's share: USED or RELEASED."""

    state: LimitState


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowUse:
    """What is used or reserved within a window, and when the oldest of it leaves the window."""

    amount: int = 0
    frees_at: datetime | None = None


UNUSED: Final = WindowUse()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a wallet has taken of its limits, by seconds of the window; of the day by method too."""

    windows: Mapping[int, WindowUse] = field(default_factory=dict)
    methods: Mapping[str, WindowUse] = field(default_factory=dict)

    def of(self, cap: Cap) -> WindowUse:
        """What counts against the cap."""
        if cap.method is not None:
            return self.methods.get(cap.method, UNUSED)
        return self.windows.get(cap.seconds, UNUSED)


NOTHING_USED: Final = Usage()
