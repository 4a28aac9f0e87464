"""Which of our languages a reader wants: RFC 9110's Accept-Language, as browsers send it."""

from collections.abc import Iterator, Sequence
from typing import Final

RANGES_MAX: Final = 16
"""Nobody reads more languages than that; the rest of a header is not looked at."""


def preferred_language(accept_language: str, offered: Sequence[str]) -> str:
    """The offered language that fits best: the same, else one of the same family, else the first.

    `pt`, `pt-PT` and `pt-BR` all find `pt-BR`.
    """
    for wanted in _wanted(accept_language):
        if wanted == "*":
            break
        found = _exact(wanted, offered) or _related(wanted, offered)
        if found is not None:
            return found
    return offered[0]


def _wanted(header: str) -> Iterator[str]:
    """The acceptable ranges, dearest first; those that cannot be read are left out."""
    weighed = []
    for part in header.split(",")[:RANGES_MAX]:
        language, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if language.strip() and weight > 0:
            weighed.append((weight, language.strip().lower()))
    weighed.sort(key=lambda item: -item[0])
    return (language for _weight, language in weighed)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0


def _exact(wanted: str, offered: Sequence[str]) -> str | None:
    return next((language for language in offered if language.lower() == wanted), None)


def _related(wanted: str, offered: Sequence[str]) -> str | None:
    family = _family(wanted)
    return next((language for language in offered if _family(language.lower()) == family), None)


def _family(language: str) -> str:
    return language.partition("-")[0]
