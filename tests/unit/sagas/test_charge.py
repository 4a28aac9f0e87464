"""What a user pays of what the network asks, and when they are asked."""

from dataclasses import replace

import pytest

from domain.contracts.events import NetworkCost
from domain.provider.effects import Declined, MoreCharged
from infrastructure.sagas.legs import BORNE_MILLIONTHS, charge
from tests.unit.domain.send.journey import COST

SHOWN = replace(COST, total_base_units=10_000)
MOST = 10_000 + 10_000 * BORNE_MILLIONTHS // 1_000_000


def cost(total: int) -> NetworkCost:
    return replace(COST, total_base_units=total)


@pytest.mark.parametrize(("asked", "paid"), [(1, 1), (10_000, 10_000), (10_001, 10_000)])
def test_never_more_than_was_shown_is_charged(asked: int, paid: int) -> None:
    assert charge(cost(asked), SHOWN) == cost(paid)


def test_up_to_the_limit_it_is_borne_and_beyond_it_the_user_is_asked() -> None:
    assert charge(cost(MOST), SHOWN) == SHOWN
    assert charge(cost(MOST + 1), SHOWN) == MoreCharged(network_cost=cost(MOST + 1))


def test_nobody_is_asked_for_what_cannot_be_paid() -> None:
    assert isinstance(charge(cost(50_000), SHOWN, payable=50_000), Declined)
    assert isinstance(charge(cost(50_000), SHOWN, payable=50_001), MoreCharged)
