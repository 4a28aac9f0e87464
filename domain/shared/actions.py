"""What only the user can do."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAction:
    """Asked of the user at `timestamp`; `approval` is the signature or the option that was given, if
    it was."""

    type: str
    timestamp: datetime
    approval: str | None = None
