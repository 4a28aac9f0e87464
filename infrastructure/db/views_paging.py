"""Pages by keyset: a cursor is the place of an item, so that a page costs the same anywhere."""

import base64
import binascii
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar
from uuid import UUID

from domain.contracts.views import PageItem, PageRequest, PageView
from domain.shared.errors import InvalidInput

PAGE_ITEMS_MAX: Final = 100
"""A page is read, resolved and sent as a whole."""

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(">Bq16s")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Row = TypeVar("Row")
Node = TypeVar("Node")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an item stands: by its time, and by its identifier within the same microsecond."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        """An opaque cursor for clients."""
        microseconds = (self.at - _EPOCH) // _MICROSECOND
        packed = _LAYOUT.pack(_VERSION, microseconds, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @classmethod
    def decode(cls, cursor: str) -> Self:
        """The place of a cursor; `ValueError` where `encode` never wrote it."""
        try:
            packed = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
            version, microseconds, identifier = _LAYOUT.unpack(packed)
            place = cls(_EPOCH + timedelta(microseconds=microseconds), UUID(bytes=identifier))
        except (binascii.Error, struct.error, ValueError, OverflowError) as error:
            raise ValueError("not a cursor of a list") from error
        if version != _VERSION or place.encode() != cursor:
            raise ValueError("not a cursor of a list")
        return place


NEWEST: Final = Place(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
OLDEST: Final = Place(datetime.min.replace(tzinfo=UTC), UUID(int=0))


def beginning(page: PageRequest) -> Place:
    """The place that the page lies behind (or before). Raises `VAL_PAGE` and `VAL_CURSOR`."""
    if not 1 <= page.count <= PAGE_ITEMS_MAX:
        field = "last" if page.backwards else "first"
        raise InvalidInput(code="VAL_PAGE", field=field, most=str(PAGE_ITEMS_MAX))
    if page.cursor is None:
        return OLDEST if page.backwards else NEWEST
    try:
        return Place.decode(page.cursor)
    except ValueError as error:
        field = "before" if page.backwards else "after"
        raise InvalidInput(code="VAL_CURSOR", field=field) from error


def page_of(
    page: PageRequest,
    rows: Sequence[Row],
    *,
    place: Callable[[Row], Place],
    node: Callable[[Row], Node],
) -> PageView[Node]:
    """The page of `rows`: read in the direction of paging, up to one more than was asked for."""
    more = len(rows) > page.count
    shown = list(rows[: page.count])
    if page.backwards:
        shown.reverse()
    # The cursor's own item lies on the side that the page was not read to.
    behind = page.cursor is not None
    return PageView(
        items=tuple(PageItem(cursor=place(row).encode(), node=node(row)) for row in shown),
        has_next=behind if page.backwards else more,
        has_previous=more if page.backwards else behind,
    )
