"""Selling what lives on Bitcoin, Ethereum and Sui, signed by the users' own devices."""

from decimal import Decimal

import pytest

from domain.shared.assets import ASSETS
from tests.integration.api.client import Json, Person, Records, sign
from tests.integration.api.test_swaps import SELL, buy, held, sell, told
from tests.integration.chains.outside import Outside

pytestmark = pytest.mark.enable_socket

# What is sold of each, what its network is paid in, and how a device is asked.
WAYS = {
    "ETH": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "PAXG": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "XAUT": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "SUI": ("20", "SUI", "SUI_TRANSACTION"),
    "BTC": ("0.0008", "BTC", "BITCOIN_PSBT"),
}
_TOKENS = frozenset({"PAXG", "XAUT"})
_ASIDE = Decimal("0.001")


async def owned(outside: Outside, asset: str, usd: str) -> None:
    """Some of the asset on its own chain, bought."""
    payload = await buy(outside.person, asset, usd)
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await outside.asked(identifier)
    signed = sign(action["payload"], outside.person.keypair)
    assert (await outside.person.submit(action["id"], signed))["errors"] == []
    assert (await outside.ended(identifier))["state"] == "COMPLETED"


async def begun(outside: Outside, asset: str) -> str:
    """A Sell of what is there with what its network takes."""
    amount, gas, _format = WAYS[asset]
    if asset in _TOKENS:
        await owned(outside, gas, "150")
    await owned(outside, asset, "150")
    payload = await sell(outside.person, amount, asset)
    assert payload["errors"] == []
    return str(payload["transaction"]["id"])


async def signed_through(outside: Outside, identifier: str, asset: str) -> tuple[Json, list[Json]]:
    """The transaction at its end, and all that its user has signed for it."""
    spends = Decimal(WAYS[asset][0]) + (_ASIDE if asset == "ETH" else 0)
    actions: list[Json] = []
    while True:
        action = await outside.asked_next(identifier, besides=actions[-1]["id"] if actions else "")
        if action is None:
            return await outside.shown(identifier), actions
        signed = outside.sign(action, asset, str(spends))
        assert (await outside.person.submit(action["id"], signed))["errors"] == []
        actions.append(action)


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
    assert len(actions) == (2 if asset in _TOKENS else 1)
    assert told(await records.published(identifier), SELL) == SELL
    fees = {each["kind"]: Decimal(each["amount"]) for each in done["fees"]}
    assert await held(alice, "USDC") - usdc == Decimal(done["receivedAmount"]) - fees["PLATFORM"]
    assert fees["NETWORK"] > 0
    paid = native - await held(alice, gas)
    if asset == gas:
        paid -= Decimal(amount)
    else:
        assert before - await held(alice, asset) == Decimal(amount)
    for each in (asset, gas):
        assert await held(alice, each) == await outside.on_chain(ASSETS[each])
    assert paid - fees["NETWORK"] in {Decimal(0), _ASIDE}
    assert await outside.violations() == []
