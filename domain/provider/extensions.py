"""More time for what a user has to do, asked for while there is some left: as long again, so often.

Who does not answer has what they had.
"""

from datetime import datetime, timedelta
from typing import Final

from domain.contracts.choice_events import ChoiceOption
from domain.provider.choices import ask_choice
from domain.shared.decision import Decision, Facts
from domain.shared.stream import Stream

EXTEND_TIMEOUT: Final = "EXTEND_TIMEOUT"
EXTEND: Final = "EXTEND"
LEAVE: Final = "LEAVE"

EXTENSIONS_MAX: Final = 3
"""A user may have as long again as they had, so many times."""
NOTICE_MAX: Final = timedelta(hours=1)
NOTICE_SHARE: Final = 4
"""They are asked when a quarter of the time is left, and not before an hour is."""

_LEAVE: Final = ChoiceOption(name=LEAVE, summary="Leave it as it is")


def notice_at(closes: datetime, window: timedelta) -> datetime:
    """When to ask about the end of what was `window` long at first."""
    return closes - min(NOTICE_MAX, window / NOTICE_SHARE)


def ask_for_time(
    stream: Stream, facts: Facts, *, summary: str, extend: str, closes: datetime
) -> Decision:
    """Asks until then: it says what is nearly over, and what more time is for."""
    return ask_choice(
        stream,
        facts,
        action=EXTEND_TIMEOUT,
        summary=summary,
        options=(ChoiceOption(name=EXTEND, summary=extend), _LEAVE),
        expires_at=closes,
    )
