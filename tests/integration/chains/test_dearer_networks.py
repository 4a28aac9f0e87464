"""A network that its user pays becomes dearer between what they were shown and what they sign."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from domain.shared.assets import ASSETS
from tests.integration.api.client import Json, Person, Records, new_key
from tests.integration.api.test_swaps import held
from tests.integration.chains.outside import Outside
from tests.integration.chains.test_held_withdraws import STRANGERS, ready

pytestmark = pytest.mark.enable_socket

FEES = {
    "BTC": ("bitcoin/_simulate/fees", "satoshi_per_virtual_byte", "5", "40"),
    "ETH": ("ethereum/_simulate/fees", "base_fee_wei", 5_000_000_000, 25_000_000_000),
    "SUI": ("sui/_simulate/gas_price", "mist", 550, 5_000),
}
"""Of each network: what it is told by, what it usually asks, and what it asks then."""
_QUOTE = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { quoteId fees { kind amount provider } } errors { code } } }"""


async def ask(outside: Outside, native: str, *, dear: bool) -> None:
    path, name, usual, then = FEES[native]
    order = {name: then if dear else usual}
    order |= {"priority_fee_wei": 1_000_000_000} if native == "ETH" else {}
    assert (await outside.order(path, order)).status_code == 200


@pytest.fixture(autouse=True)
async def usual(outside: Outside) -> AsyncIterator[None]:
    for native in FEES:
        await ask(outside, native, dear=False)
    yield
    for native in FEES:
        await ask(outside, native, dear=False)


async def begun(outside: Outside, operation: str, given: Json, native: str) -> tuple[str, Decimal]:
    """A transaction by a quote, since when its network became dearer; what that was to take."""
    kind = {"initiateWithdraw": "withdraw", "initiateSell": "sell"}[operation]
    found = (await outside.person.data(_QUOTE, input={kind: given}))["transactionPreview"]
    assert found["errors"] == []
    quote, fees = found["preview"]["quoteId"], found["preview"]["fees"]
    await ask(outside, native, dear=True)
    payload = await outside.person.mutate(
        operation, **given, quoteId=quote, idempotencyKey=new_key()
    )
    assert payload["errors"] == []
    chain = ASSETS[native].chain
    (most,) = (Decimal(each["amount"]) for each in fees if each["provider"] == chain)
    return payload["transaction"]["id"], most


async def accepted(outside: Outside, identifier: str, shown: Decimal, native: str) -> Json:
    """What is to be signed when its user has said yes to what the network asks now."""
    action = await outside.asked(identifier)
    assert action["type"] == "CONFIRM_NETWORK_FEE"
    assert f"where {shown} {native} was shown" in action["summary"]
    assert (await outside.person.choose(action["id"], "ACCEPT"))["errors"] == []
    signing = await outside.asked(identifier, besides=action["id"])
    assert signing["type"] == "SIGN_TRANSACTION"
    return signing


def outward(asset: str, amount: str, address: str) -> Json:
    return {
        "asset": asset,
        "amount": amount,
        "destination": {"externalWallet": {"address": address}},
    }


@pytest.mark.parametrize(
    "asset",
    [
        "BTC",
        # What each of these buys first takes its time.
        pytest.param("PAXG", marks=pytest.mark.chaos),
        pytest.param("SUI", marks=pytest.mark.chaos),
    ],
)
async def test_who_withdraws_what_they_hold_pays_it_with_their_yes_alone(
    alice: Person, records: Records, outside: Outside, asset: str
) -> None:
    amount, gas = await ready(outside, asset)
    before = await held(alice, gas)
    given = outward(asset, amount, STRANGERS[ASSETS[asset].chain])
    identifier, shown = await begun(outside, "initiateWithdraw", given, gas)

    signing = await accepted(outside, identifier, shown, gas)
    signed = outside.sign(signing, asset, amount)
    assert (await alice.submit(signing["id"], signed))["errors"] == []

    done = await outside.ended(identifier)
    assert done["state"] == "COMPLETED"
    (fee,) = (Decimal(each["amount"]) for each in done["fees"] if each["kind"] == "NETWORK")
    paid = before - await held(alice, gas) - (Decimal(amount) if asset == gas else 0)
    assert paid == fee > 0
    assert await held(alice, gas) == await outside.on_chain(ASSETS[gas])
    assert "GasReservationRaised" in await records.published(identifier)
    assert await outside.violations() == []


# A bridge is followed to its end.
@pytest.mark.chaos
async def test_who_sells_pays_it_with_their_yes_alone(alice: Person, outside: Outside) -> None:
    amount, _gas = await ready(outside, "BTC")
    wish = {"asset": "BTC", "amount": amount}
    identifier, shown = await begun(outside, "initiateSell", wish, "BTC")

    signing = await accepted(outside, identifier, shown, "BTC")
    signed = outside.sign(signing, "BTC", amount)
    assert (await alice.submit(signing["id"], signed))["errors"] == []

    assert (await outside.ended(identifier))["state"] == "COMPLETED"
    assert await held(alice, "BTC") == await outside.on_chain(ASSETS["BTC"])
    assert await outside.violations() == []


# What becomes of a no is tested without a platform too.
@pytest.mark.chaos
async def test_who_does_not_pay_it_keeps_what_they_have(alice: Person, outside: Outside) -> None:
    amount, _gas = await ready(outside, "BTC")
    before = await held(alice, "BTC")
    given = outward("BTC", amount, STRANGERS[ASSETS["BTC"].chain])
    identifier, _shown = await begun(outside, "initiateWithdraw", given, "BTC")

    action = await outside.asked(identifier)
    assert (await alice.choose(action["id"], "REJECT"))["errors"] == []

    ended = await outside.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert await held(alice, "BTC") == before
    assert await outside.violations() == []
