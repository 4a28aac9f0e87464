"""What a provider said that somebody has to look at: a word that we do not know, an answer that does
not fit what was asked. Both are counted, so that a line tells how often it happened."""

import logging
from collections import Counter
from typing import Final

from domain.provider.ports.answers import Unanswered

logger = logging.getLogger(__name__)

WORD_LENGTH_MAX: Final = 40
"""Of what a provider wrote: a status is short, and a log is no place for more."""
_counted: Final[Counter[tuple[str, str]]] = Counter()


def unrecognised(provider: str, what: str, word: str) -> None:
    """The provider has a new word; what it means is treated as under way."""
    times = _count(provider, what)
    logger.warning(
        "unrecognised: %s has the %s %r (%d since the start)",
        provider,
        what,
        word[:WORD_LENGTH_MAX],
        times,
    )


def contradiction(provider: str, reason: str) -> Unanswered:
    """The outcome of a change whose answer is about something else: what was done is not known.
    `reason` names members and identifiers, never what the user entered."""
    times = _count(provider, "contradiction")
    logger.error(
        "an answer of %s does not fit what was asked: %s (%d since the start)",
        provider,
        reason,
        times,
    )
    return Unanswered(reason=reason, contradicts=True)


def misfit(provider: str, reason: str) -> None:
    """What the provider would have signed is not what was asked for: nobody signs it."""
    times = _count(provider, "misfit")
    logger.error(
        "a transaction of %s is not signed: %s (%d since the start)",
        provider,
        reason,
        times,
    )


def _count(provider: str, what: str) -> int:
    _counted[provider, what] += 1
    return _counted[provider, what]
