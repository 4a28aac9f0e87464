from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.db.positions import Position
from infrastructure.db.views_paging import NEWEST, OLDEST, Place

moments = st.datetimes(timezones=st.just(UTC))


@given(moments, st.uuids())
def test_a_place_reads_back(at: datetime, identifier: UUID) -> None:
    place = Place(at, identifier)
    assert Place.decode(place.encode()) == place
    assert OLDEST <= place <= NEWEST


@given(st.text() | st.text("ABCab-_019", min_size=34, max_size=34))
def test_a_cursor_is_ours_or_refused(text: str) -> None:
    try:
        place = Place.decode(text)
    except ValueError:
        return
    assert place.encode() == text


@pytest.mark.parametrize("cursor", ["", "x", "=" * 34, Position(1, 2, 3).encode()])
def test_what_is_no_place_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor of a list"):
        Place.decode(cursor)


def test_a_padded_cursor_is_another_text() -> None:
    with pytest.raises(ValueError, match="not a cursor of a list"):
        Place.decode(NEWEST.encode() + "=")
