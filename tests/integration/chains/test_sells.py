"""Selling what lives on Bitcoin, Ethereum and Sui, signed by the users' own devices."""

from decimal import Decimal

import pytest

from domain.shared.assets import ASSETS
from tests.integration.api.client import Person, Records
from tests.integration.api.test_swaps import held, told
from tests.integration.chains.outside import Outside
from tests.integration.chains.selling import ASIDE, TOKENS, WAYS, begun, signed_through
from tests.sequences import SELL

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize("asset", WAYS)
async def test_what_lives_on_another_chain_is_sold(
    alice: Person, records: Records, outside: Outside, asset: str
) -> None:
    identifier = await begun(outside, asset)
    amount, gas, form = WAYS[asset]
    before, native, usdc = [await held(alice, each) for each in (asset, gas, "USDC")]

    done, actions = await signed_through(outside, identifier, asset)

    assert (done["state"], done["reason"]) == ("COMPLETED", None)
    assert {each["format"] for each in actions} == {form}
    assert len(actions) == (2 if asset in TOKENS else 1)
    assert told(await records.published(identifier), SELL) == SELL
    fees = {each["kind"]: Decimal(each["amount"]) for each in done["fees"]}
    assert await held(alice, "USDC") - usdc == Decimal(done["receivedAmount"])
    assert fees["NETWORK"] > 0
    paid = native - await held(alice, gas)
    if asset == gas:
        paid -= Decimal(amount)
    else:
        assert before - await held(alice, asset) == Decimal(amount)
    for each in (asset, gas):
        assert await held(alice, each) == await outside.on_chain(ASSETS[each])
    assert paid - fees["NETWORK"] in {Decimal(0), ASIDE}
    assert await outside.violations() == []
