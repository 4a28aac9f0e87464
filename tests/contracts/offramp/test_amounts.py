"""Decimal strings of the providers: exact in both directions, and never guessed."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.providers.bridge import amounts as bridge_amounts
from infrastructure.providers.due import amounts as due_amounts

MODULES = pytest.mark.parametrize("amounts", [bridge_amounts, due_amounts], ids=["bridge", "due"])
UNITS = st.integers(min_value=0, max_value=10**18)


@MODULES
@given(units=UNITS)
def test_what_is_written_is_read_again(amounts: ModuleType, units: int) -> None:
    for decimals in (2, 6):
        text = amounts.written(units, decimals=decimals)
        assert amounts.exact(text, decimals=decimals) == units
        assert amounts.rounded_down(text, decimals=decimals) == units
        assert len(text.partition(".")[2]) >= 2


@MODULES
@pytest.mark.parametrize(
    ("text", "units"),
    [("0", 0), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000), ("1.10000000", 1_100_000)],
)
def test_plain_decimals_are_read(amounts: ModuleType, text: str, units: int) -> None:
    assert amounts.exact(text, decimals=6) == units


@MODULES
@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.", ".5", "01", "1e6", "1,000", " 1", "NaN", "٣", "1" * 21]
)
def test_anything_else_is_no_amount(amounts: ModuleType, text: str) -> None:
    with pytest.raises(amounts.NotAnAmount):
        amounts.exact(text, decimals=6)
    with pytest.raises(amounts.NotAnAmount):
        amounts.rounded_down(text, decimals=6)


@MODULES
def test_what_is_finer_than_the_unit_is_left_off_or_refused(amounts: ModuleType) -> None:
    assert amounts.rounded_down("99.999", decimals=2) == 99_99
    with pytest.raises(amounts.NotAnAmount):
        amounts.exact("99.999", decimals=2)
