"""How a user comes to own what lives on another chain, and sells it with their own device."""

from decimal import Decimal

from tests.integration.api.client import Json, sign
from tests.integration.api.test_swaps import buy, held, sell
from tests.integration.chains.outside import Outside

# What is sold of each, what its network is paid in, and how a device is asked.
WAYS = {
    "ETH": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "PAXG": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "XAUT": ("0.02", "ETH", "ETHEREUM_TRANSACTION"),
    "SUI": ("20", "SUI", "SUI_TRANSACTION"),
    "BTC": ("0.0008", "BTC", "BITCOIN_PSBT"),
}
TOKENS = frozenset({"PAXG", "XAUT"})
ASIDE = Decimal("0.001")
GAS_LEAST = Decimal("0.01")


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
    if asset in TOKENS and await held(outside.person, gas) < GAS_LEAST:
        await owned(outside, gas, "150")
    if await held(outside.person, asset) < 2 * Decimal(amount):
        await owned(outside, asset, "150")
    payload = await sell(outside.person, amount, asset)
    assert payload["errors"] == []
    return str(payload["transaction"]["id"])


async def signed_through(outside: Outside, identifier: str, asset: str) -> tuple[Json, list[Json]]:
    """The transaction at its end, and all that its user has signed for it."""
    spends = Decimal(WAYS[asset][0]) + (ASIDE if asset == "ETH" else 0)
    actions: list[Json] = []
    while True:
        action = await outside.asked_next(identifier, besides=actions[-1]["id"] if actions else "")
        if action is None:
            return await outside.shown(identifier), actions
        signed = outside.sign(action, asset, str(spends))
        assert (await outside.person.submit(action["id"], signed))["errors"] == []
        actions.append(action)
