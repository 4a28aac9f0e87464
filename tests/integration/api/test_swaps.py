"""Buying on a chain and selling through the real platform, signed by their user."""

import asyncio
from decimal import Decimal

import httpx
import pytest

from bench.platform import Platform
from domain.shared.assets import ASSETS
from tests.integration.api.chain import Chain
from tests.integration.api.client import Json, Person, Records, new_key, only_error, sign
from tests.sequences import BUY, SELL

pytestmark = pytest.mark.enable_socket

_SHOWN = """query ($id: ID!) { transaction(id: $id) {
  id type state reason receivedAmount provider providerExplanation fundsLocation progressPercent
  chain chainSignature deliveryChain deliveryHash
  fees { kind amount asset provider } timeline { eventType state subState } } }"""
_BALANCES = "{ wallet { available { asset posted } invested { asset posted } } }"


@pytest.fixture
def chain(platform: Platform, http: httpx.AsyncClient) -> Chain:
    return Chain(platform.ready, http)


async def buy(person: Person, asset: str = "SOL", amount: str = "30", **more: object) -> Json:
    source = {"available": {"amount": amount, **more}}
    return await person.mutate("initiateBuy", asset=asset, source=source, idempotencyKey=new_key())


async def sell(person: Person, amount: str, asset: str = "SOL") -> Json:
    return await person.mutate("initiateSell", asset=asset, amount=amount, idempotencyKey=new_key())


async def signed(person: Person, payload: Json) -> Json:
    """What a begun swap has come to once its user has signed."""
    identifier = await person.signed(payload)
    await person.ended(identifier)
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def held(person: Person, asset: str) -> Decimal:
    wallet = (await person.data(_BALANCES))["wallet"]
    rows = [wallet["available"], *wallet["invested"]]
    return sum((Decimal(row["posted"]) for row in rows if row["asset"] == asset), Decimal(0))


def told(published: list[str], sequence: list[str]) -> list[str]:
    """Those of the published events that the flow's own sequence names."""
    return [name for name in published if name in sequence]


async def test_an_asset_is_bought_and_sold_again(alice: Person, records: Records) -> None:
    usdc, sol = await held(alice, "USDC"), await held(alice, "SOL")

    bought = await signed(alice, await buy(alice))

    assert told(await records.published(bought["id"]), BUY) == BUY
    assert (bought["state"], bought["provider"]) == ("COMPLETED", "jupiter")
    assert bought["fundsLocation"] == "DELIVERED"
    received = Decimal(bought["receivedAmount"])
    assert await held(alice, "SOL") - sol == received > Decimal("0.18")
    assert usdc - await held(alice, "USDC") <= 30

    left = await held(alice, "USDC")
    sold = await signed(alice, await sell(alice, str(received)))

    assert sold["state"] == "COMPLETED"
    assert told(await records.published(sold["id"]), SELL) == SELL
    platform = next(fee for fee in sold["fees"] if fee["kind"] == "PLATFORM")
    assert Decimal(platform["amount"]) >= Decimal("0.25")
    assert await held(alice, "USDC") - left == Decimal(sold["receivedAmount"]) > 26


@pytest.mark.parametrize(
    ("asset", "amount", "code"),
    [
        ("USDC", "30", "VAL_ASSET_UNTRADED"),
        ("DOGE", "30", "VAL_ASSET_UNTRADED"),
        ("SOL", "9.99", "TXN_BELOW_MINIMUM"),
        ("SOL", "100000", "CMP_TRANSACTION_LIMIT"),
    ],
)
async def test_what_cannot_be_bought_is_refused(
    alice: Person, asset: str, amount: str, code: str
) -> None:
    assert only_error(await buy(alice, asset, amount))["code"] == code


async def test_nothing_is_swapped_that_was_cancelled(alice: Person, records: Records) -> None:
    before = await records.now()
    identifier = (await buy(alice))["transaction"]["id"]
    await alice.pending(identifier)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert (await records.now()).balances == before.balances


async def test_one_cannot_sell_what_one_does_not_have(bob: Person) -> None:
    assert only_error(await sell(bob, "1"))["code"] == "TXN_INSUFFICIENT_BALANCE"


@pytest.mark.parametrize("asset", ["ETH", "BTC", "SUI", "PAXG", "XAUT"])
async def test_an_asset_of_another_chain_is_bought_and_arrives_there(
    alice: Person, records: Records, platform: Platform, http: httpx.AsyncClient, asset: str
) -> None:
    before = await held(alice, asset)
    payload = await buy(alice, asset, "50")
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await alice.pending(identifier)
    taken = await alice.submit(action["id"], sign(action["payload"], alice.keypair))
    assert taken["errors"] == []

    done = await arrived(alice, identifier, platform, http)

    assert (done["state"], done["reason"]) == ("COMPLETED", None)
    assert told(await records.published(identifier), BUY) == BUY
    assert await held(alice, asset) - before == Decimal(done["receivedAmount"]) > 0
    passed = [f"{row['state']}.{row['subState']}" for row in done["timeline"]]
    assert "PROVIDER_PROCESSING.BRIDGE_CONFIRMING" in passed
    assert (done["chain"], done["deliveryChain"]) == ("SOLANA", ASSETS[asset].chain)
    assert done["deliveryHash"] not in {None, done["chainSignature"]}


async def arrived(
    person: Person, identifier: str, platform: Platform, http: httpx.AsyncClient
) -> Json:
    """The transaction at its end, however long bridges and chains take."""
    clock = f"{platform.ready.sandbox_url}/control/clock"
    async with asyncio.timeout(30):
        while True:
            found = (await person.data(_SHOWN, id=identifier))["transaction"]
            if found["state"] in {"COMPLETED", "FAILED"}:
                return found
            await http.post(clock, json={"skip_seconds": 600})
            await asyncio.sleep(0.3)
