"""Decimal strings of the providers: exact in both directions, and never guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.providers import amounts

UNITS = st.integers(min_value=0, max_value=10**18)


@given(units=UNITS)
def test_what_is_written_is_read_again(units: int) -> None:
    for decimals in (2, 6):
        text = amounts.written(units, decimals=decimals)
        assert amounts.exact(text, decimals=decimals) == units
        assert amounts.rounded_down(text, decimals=decimals) == units
        assert len(text.partition(".")[2]) >= 2


@pytest.mark.parametrize(
    ("text", "units"),
    [("0", 0), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000), ("1.10000000", 1_100_000)],
)
def test_plain_decimals_are_read(text: str, units: int) -> None:
    assert amounts.exact(text, decimals=6) == units


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.", ".5", "01", "1e6", "1,000", " 1", "NaN", "٣", "1" * 21]
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(amounts.NotAnAmount):
        amounts.exact(text, decimals=6)
    with pytest.raises(amounts.NotAnAmount):
        amounts.rounded_down(text, decimals=6)


def test_what_is_finer_than_the_unit_is_left_off_or_refused() -> None:
    assert amounts.rounded_down("99.999", decimals=2) == 99_99
    with pytest.raises(amounts.NotAnAmount):
        amounts.exact("99.999", decimals=2)


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("0", 2, 0),
        ("1", 2, 100),
        ("1.5", 2, 150),
        ("1.500", 2, 150),
        ("0.000001", 6, 1),
        ("007.50", 2, 7_50),
    ],
)
def test_padded_decimals_become_integers(text: str, decimals: int, units: int) -> None:
    assert amounts.exact_padded(text, decimals=decimals) == units


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".5", "-1", "+1", "1e2", "1,0", "NaN", "0.001", "\u0661", "1" * 31]
)
def test_what_is_not_exact_is_refused_padded_or_not(text: str) -> None:
    with pytest.raises(amounts.NotAnAmount):
        amounts.exact_padded(text, decimals=amounts.CENT_DECIMALS)


@pytest.mark.parametrize("text", ["98765.432", "98765,43"])
def test_a_reason_does_not_repeat_what_somebody_sent(text: str) -> None:
    with pytest.raises(amounts.NotAnAmount) as refused:
        amounts.exact(text, decimals=amounts.CENT_DECIMALS)

    assert "98765" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "fits"), [("1.50", True), ("1.5", True), ("1.51", False), ("01.50", False)]
)
def test_an_amount_is_compared_as_a_number(text: str, *, fits: bool) -> None:
    assert amounts.is_exactly(1_50, text, decimals=2) is fits


@pytest.mark.parametrize(
    ("usd", "micro_usd"),
    [
        ("0.0000014", 1),
        ("0.0000004", None),
        ("1.2345678", 1_234_568),
        ("999999999999", 999_999_999_999_000_000),
        ("1e12", None),
        ("0", None),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
    ],
)
def test_a_price_is_a_positive_number_of_millionths(usd: str, micro_usd: int | None) -> None:
    assert amounts.micro_usd(Decimal(usd)) == micro_usd
