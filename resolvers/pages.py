"""The four arguments of a connection, read as one request; and pages of what is in memory."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from domain.contracts.views import PageItem, PageRequest, PageView
from domain.shared.errors import InvalidInput

PAGE_SIZE_DEFAULT: Final = 20
PAGE_SIZE_MAX: Final = 100
"""What the cost limit of documents reckons with."""
CURSOR_LENGTH_MAX: Final = 256


Item = TypeVar("Item")


class InvalidPage(InvalidInput):
    """The arguments contradict each other, or ask for none or too many."""

    code = "VAL_PAGE"


class InvalidCursor(InvalidInput):
    """The text is no cursor of ours."""

    code = "VAL_CURSOR"


def page_request(
    *, first: int | None, after: str | None, last: int | None, before: str | None
) -> PageRequest:
    """Forwards with `first` and `after`, backwards with `last` and `before`, never both."""
    backwards = last is not None or before is not None
    if backwards and (first is not None or after is not None):
        raise InvalidPage(field="last" if last is not None else "before")
    size, cursor = (last, before) if backwards else (first, after)
    count = PAGE_SIZE_DEFAULT if size is None else size
    if not 1 <= count <= PAGE_SIZE_MAX:
        raise InvalidPage(field="last" if backwards else "first", most=str(PAGE_SIZE_MAX))
    if cursor is not None and not 0 < len(cursor) <= CURSOR_LENGTH_MAX:
        raise InvalidCursor(field="before" if backwards else "after")
    return PageRequest(count=count, cursor=cursor, backwards=backwards)


def page_of(
    page: PageRequest, items: Sequence[Item], *, key: Callable[[Item], str]
) -> PageView[Item]:
    """The page of `items` in the order of their keys: a cursor stays good while items come and go.

    Raises `InvalidCursor`.
    """
    ordered = sorted(items, key=key)
    place = None if page.cursor is None else _key_of(page.cursor, backwards=page.backwards)
    if page.backwards:
        rest = [each for each in ordered if place is None or key(each) < place]
        shown = rest[-page.count :]
    else:
        rest = [each for each in ordered if place is None or key(each) > place]
        shown = rest[: page.count]
    more, behind = len(rest) > len(shown), len(ordered) > len(rest)
    return PageView(
        items=tuple(PageItem(cursor=_cursor(key(each)), node=each) for each in shown),
        has_next=behind if page.backwards else more,
        has_previous=more if page.backwards else behind,
    )


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode("ascii")


def _key_of(cursor: str, *, backwards: bool) -> str:
    try:
        key = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        key = ""
    if not key or _cursor(key) != cursor:
        raise InvalidCursor(field="before" if backwards else "after")
    return key
