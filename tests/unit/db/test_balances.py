"""What the balances of a wallet show of its accounts."""

import pytest

from domain.contracts.views import BalanceKind
from infrastructure.db.query import Row
from infrastructure.db.views_rows import balance_views

RESERVE = 100_000


def account(code: str, asset: str, posted: int, *, held: int = 0) -> Row:
    parts = {"held": held, "soft": 0, "incoming": 0, "floor": 0}
    return {"code": code, "asset": asset, "posted": posted, **parts}


@pytest.mark.parametrize(
    ("posted", "held", "spendable", "most"),
    [
        (275_000_200, 0, 275_000_200, 274_900_200),
        (275_000_200, 200_000_000, 75_000_200, 74_900_200),
        (100_000, 0, 100_000, 0),
        (99_999, 0, 99_999, 0),
        (0, 0, 0, 0),
    ],
)
def test_the_reserve_for_fees_stays(posted: int, held: int, spendable: int, most: int) -> None:
    (shown,) = balance_views(
        [account("available:w", "USDC", posted, held=held)], fee_reserve=RESERVE
    )
    assert (shown.spendable, shown.amount_max) == (spendable, most)


def test_of_what_is_invested_all_may_be_taken() -> None:
    available, invested = balance_views(
        [account("invested:w:BTC", "BTC", 5_000)], fee_reserve=RESERVE
    )
    assert (available.kind, available.amount_max) == (BalanceKind.AVAILABLE, 0)
    assert invested.spendable == invested.amount_max == 5_000
