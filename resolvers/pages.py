"""The four arguments of a connection, read as one request."""

from typing import Final

from domain.contracts.views import PageRequest
from domain.shared.errors import InvalidInput

PAGE_SIZE_DEFAULT: Final = 20
PAGE_SIZE_MAX: Final = 100
"""What the cost limit of documents reckons with."""
CURSOR_LENGTH_MAX: Final = 256


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
