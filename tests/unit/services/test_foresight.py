"""What a preview says is left: without what is paid beside the amount."""

from infrastructure.services.foresight import held_of
from tests.unit.domain.send.journey import PROCESSES, Journey, allowed
from tests.unit.domain.swap.test_gas import ASIDE, GAS, sold
from tests.unit.domain.swap.test_swaps import bought

AMOUNT = 20 * 10**15


def begun() -> Journey:
    return Journey(groups=PROCESSES[0], facts=allowed("buy", "sell"))


def test_what_the_network_and_the_provider_take_of_the_same_asset_is_not_left() -> None:
    (unit,) = sold(begun()).units

    assert held_of(unit, "ETH") == AMOUNT + GAS + ASIDE


def test_what_they_take_of_another_asset_takes_nothing_of_this() -> None:
    (unit,) = sold(begun(), "PAXG").units

    assert held_of(unit, "PAXG") == AMOUNT
    assert held_of(unit, "ETH") == GAS + ASIDE


def test_costs_within_the_amount_take_nothing_more() -> None:
    (unit,) = bought(begun()).units

    assert held_of(unit, "USDC") == 30_001_500
    assert held_of(unit, "USD") == 0
