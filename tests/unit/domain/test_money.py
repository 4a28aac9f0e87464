import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.assets import ASSETS, ETH, USDC, Chain
from domain.shared.errors import InvalidAmount
from domain.shared.money import (
    AssetAmount,
    Balance,
    TransactionAmount,
    format_amount,
    parse_amount,
    share_rounded_down,
)


@pytest.mark.parametrize(
    ("text", "base_units"),
    [("25", 25_000_000), ("0.000001", 1), ("1.5", 1_500_000), ("10.000000", 10_000_000)],
)
def test_a_decimal_string_is_read_exactly(text: str, base_units: int) -> None:
    assert parse_amount(text, USDC) == base_units


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.0000001", "VAL_AMOUNT_PRECISION"),
        ("-1", "VAL_AMOUNT_FORMAT"),
        ("+1", "VAL_AMOUNT_FORMAT"),
        ("0", "VAL_AMOUNT_ZERO"),
        ("0.000000", "VAL_AMOUNT_ZERO"),
        ("NaN", "VAL_AMOUNT_FORMAT"),
        ("Infinity", "VAL_AMOUNT_FORMAT"),
        ("1e3", "VAL_AMOUNT_FORMAT"),
        (" 1", "VAL_AMOUNT_FORMAT"),
        ("1 ", "VAL_AMOUNT_FORMAT"),
        ("1\n", "VAL_AMOUNT_FORMAT"),
        ("1_000", "VAL_AMOUNT_FORMAT"),
        ("1,5", "VAL_AMOUNT_FORMAT"),
        (".5", "VAL_AMOUNT_FORMAT"),
        ("5.", "VAL_AMOUNT_FORMAT"),
        ("01", "VAL_AMOUNT_FORMAT"),
        ("٣", "VAL_AMOUNT_FORMAT"),
        ("", "VAL_AMOUNT_FORMAT"),
        ("9" * 21, "VAL_AMOUNT_FORMAT"),
    ],
)
def test_anything_else_is_refused_by_its_code(text: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_amount(text, USDC, field="input.amount")
    assert refused.value.code == code
    assert refused.value.field == "input.amount"


@given(base_units=st.integers(min_value=1, max_value=10**37), symbol=st.sampled_from(list(ASSETS)))
def test_what_is_written_reads_back_the_same(base_units: int, symbol: str) -> None:
    asset = ASSETS[symbol]
    if base_units >= 10 ** (20 + asset.decimals):
        base_units %= 10 ** (19 + asset.decimals)
    if base_units:
        assert parse_amount(format_amount(base_units, asset.decimals), asset) == base_units


def test_a_negative_amount_is_written_with_its_sign() -> None:
    assert format_amount(-1, ETH.decimals) == "-0.000000000000000001"


def test_a_share_is_rounded_down() -> None:
    assert share_rounded_down(10_000_001, millionths=4_800) == 48_000


def test_an_amount_is_written_with_all_digits_and_its_asset() -> None:
    assert str(AssetAmount.of(25_000_000, "USDC")) == "25.000000 USDC"
    assert str(AssetAmount.of(1_999, "EUR")) == "19.99 EUR"
    with pytest.raises(KeyError):
        AssetAmount.of(1, "DOGE")


def test_a_balance_is_on_the_chain_of_its_asset() -> None:
    assert Balance.of(5, "ETH") == Balance(5, "ETH", Chain.ETHEREUM)


def test_an_amount_ends_in_its_target_or_stays_what_it_is() -> None:
    sent = TransactionAmount(value=1, source_asset="USDC")
    paid_in = TransactionAmount(value=1, source_asset="EUR", target_asset="USDC")
    assert (sent.arrives_as, paid_in.arrives_as) == ("USDC", "USDC")
