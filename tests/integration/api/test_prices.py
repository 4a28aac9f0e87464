"""What assets cost, as the API shows it."""

from decimal import Decimal

import pytest

from domain.shared.assets import ASSETS
from tests.integration.api.client import Person

pytestmark = pytest.mark.enable_socket


async def test_each_asset_has_a_price_with_its_source_and_time(alice: Person) -> None:
    told = (await alice.data("{ prices { asset usd source at stale } }"))["prices"]

    assert {each["asset"] for each in told} == set(ASSETS)
    assert all(Decimal(each["usd"]) > 0 and each["source"] and each["at"] for each in told)
    assert not any(each["stale"] for each in told)
