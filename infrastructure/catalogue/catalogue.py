"""The errors' texts by language, read and checked once.

A text's plain form stands alone; its `detailed` form is shown where every blank can be filled.
"""

import string
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

import msgspec

from domain.contracts.views import ErrorView
from infrastructure.catalogue.languages import preferred_language
from infrastructure.settings import StartupError

FOLDER: Final = Path(__file__).parent
LANGUAGES: Final = ("en", "pt-BR", "es", "de")
"""The first is what everything falls back to, and is complete."""
UNKNOWN: Final = "SYS_INTERNAL"
"""What a code that is not in the catalogue reads as."""

Content = TypeVar("Content")


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is the same in every language. `shown_as`: the code that stands for it outside."""

    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    retryability: Literal["TEMPORARY", "PERMANENT", "USER_ACTION"]
    shown_as: str | None = None
    retry_after_seconds: int | None = None


class Detailed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts with blanks; a blank is the name of one of the error's details in braces."""

    what_happened: str | None = None
    why: str | None = None
    what_to_do: str | None = None
    alternatives: tuple[str, ...] = ()


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error in one language."""

    what_happened: str
    why: str
    what_to_do: str
    alternatives: tuple[str, ...] = ()
    detailed: Detailed = Detailed()


class InvalidCatalogue(StartupError):
    """A file of the catalogue is wrong; the message names it."""


class Catalogue:
    """Explains codes. A code that a language lacks is explained in the first language."""

    def __init__(self, codes: Mapping[str, Code], texts: Mapping[str, Mapping[str, Text]]) -> None:
        self.codes = codes
        self.texts = texts
        self._languages = tuple(texts)

    @classmethod
    def load(cls, folder: Path = FOLDER, languages: Sequence[str] = LANGUAGES) -> Self:
        """The catalogue of a folder. Raises `InvalidCatalogue`."""
        codes = _read(folder / "codes.toml", dict[str, Code])
        texts = {
            language: _read(folder / f"errors.{language}.toml", dict[str, Text])
            for language in languages
        }
        catalogue = cls(codes, texts)
        catalogue._check(languages[0])
        return catalogue

    def explain(
        self,
        code: str,
        *,
        accept_language: str,
        details: Mapping[str, str] | None = None,
        field: str | None = None,
    ) -> ErrorView:
        """The error's texts in the best language of an Accept-Language header."""
        shown = self._shown(code)
        facts = self.codes[shown]
        text = self._text(shown, preferred_language(accept_language, self._languages))
        filled = details or {}
        return ErrorView(
            code=shown,
            severity=facts.severity,
            retryability=facts.retryability,
            what_happened=fill(text.detailed.what_happened, filled) or text.what_happened,
            why=fill(text.detailed.why, filled) or text.why,
            what_to_do=fill(text.detailed.what_to_do, filled) or text.what_to_do,
            alternatives=_filled(text.detailed.alternatives, filled) or text.alternatives,
            field=field,
            retry_after_seconds=_seconds(filled) or facts.retry_after_seconds,
        )

    def _shown(self, code: str) -> str:
        known = code if code in self.codes else UNKNOWN
        return self.codes[known].shown_as or known

    def _text(self, code: str, language: str) -> Text:
        return self.texts[language].get(code) or self.texts[self._languages[0]][code]

    def _check(self, complete: str) -> None:
        public = {code for code, facts in self.codes.items() if facts.shown_as is None}
        if UNKNOWN not in public:
            raise InvalidCatalogue(f"codes.toml: no {UNKNOWN}")
        astray = {facts.shown_as for facts in self.codes.values()} - {None} - public
        if astray:
            raise InvalidCatalogue(f"codes.toml: shown_as names no shown code: {_names(astray)}")
        for language, texts in self.texts.items():
            if unknown := texts.keys() - public:
                raise InvalidCatalogue(f"errors.{language}.toml: unknown: {_names(unknown)}")
        if missing := public - self.texts[complete].keys():
            raise InvalidCatalogue(f"errors.{complete}.toml: missing: {_names(missing)}")


def _seconds(details: Mapping[str, str]) -> int | None:
    """When to try again, where the error itself knows."""
    text = details.get("retry_after_seconds", "")
    return int(text) if text.isdecimal() else None


def blanks(template: str | None) -> frozenset[str]:
    """The names in braces."""
    parsed = string.Formatter().parse(template or "")
    return frozenset(name for _text, name, _form, _conversion in parsed if name is not None)


def fill(template: str | None, details: Mapping[str, str]) -> str | None:
    """The text with its blanks filled; None where there is none or a detail is missing."""
    if template is None or not blanks(template) <= details.keys():
        return None
    return template.format_map(details)


def _filled(templates: Sequence[str], details: Mapping[str, str]) -> tuple[str, ...]:
    """Those whose blanks can be filled."""
    return tuple(text for each in templates if (text := fill(each, details)) is not None)


def _read(path: Path, content: type[Content]) -> Content:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), content)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidCatalogue(f"{path.name}: {error}") from error


def _names(codes: set[str] | set[str | None]) -> str:
    return ", ".join(sorted(code for code in codes if code))
