"""Withdraws of other assets than USDC to wallets on every chain, through the real platform: what the
user signs pays a provider, and the chain of the address shows what arrived."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from bench.platform import Platform
from domain.shared.assets import ASSETS, Chain
from domain.shared.money import format_asset
from infrastructure.chains.solana.addresses import USDC_MINT
from tests.integration.api.client import Person, Records, new_key, only_error
from tests.integration.api.converting import (
    OWED,
    PREVIEW,
    World,
    begin,
    holds,
    looked_at,
    new_address,
    posted,
    shown,
)
from tests.integration.api.test_saved import change
from tests.sequences import WITHDRAW

pytestmark = pytest.mark.enable_socket

WALLET: Final = "input.destination.externalWallet"
ADDRESS: Final = f"{WALLET}.address"
README: Final = Path(__file__).resolve().parents[3] / "README.md"


@pytest.mark.parametrize("asset", ["SOL", "BTC", "ETH", "PAXG", "XAUT", "SUI"])
async def test_it_arrives_at_the_address_and_is_booked(
    alice: Person, records: Records, world: World, platform: Platform, asset: str
) -> None:
    before, address = await posted(alice), new_address(asset)
    owed = await records.count(OWED)

    payload = await begin(alice, asset, address)
    identifier = await alice.signed(payload)
    done = await world.ended(alice, identifier)

    assert (done["state"], done["reason"], done["type"]) == ("COMPLETED", None, "WITHDRAW")
    published = await records.published(identifier)
    assert [name for name in published if name in WITHDRAW] == WITHDRAW
    assert done["receivedAmount"] == format_asset(await world.balance(asset, address), asset)
    assert Decimal(done["receivedAmount"]) > 0
    assert (done["asset"], done["targetAsset"]) == ("USDC", asset)
    assert (done["fundsLocation"], done["recipient"]["address"]) == ("DELIVERED", address)
    assert 49 < before - await posted(alice) <= 50
    assert {"NETWORK", "PLATFORM"} <= {fee["kind"] for fee in done["fees"]}
    assert await records.count(OWED) == owed
    passed = {f"{row['state']}.{row['subState']}" for row in done["timeline"]}
    assert ("PROVIDER_PROCESSING.BRIDGE_CONFIRMING" in passed) is (asset != "SOL")
    await holds(platform)


async def test_what_is_signed_says_where_it_goes(alice: Person, world: World) -> None:
    address = new_address("BTC")
    identifier = (await begin(alice, "BTC", address))["transaction"]["id"]

    action = await alice.pending(identifier)

    assert address in action["summary"]
    assert "at least 0.000" in action["summary"]


async def test_the_readmes_withdraw_works_as_it_is_pasted(alice: Person, world: World) -> None:
    blocks = re.findall(r"```graphql\n(.*?)```", README.read_text(), re.DOTALL)
    (mutation,) = [text for text in blocks if "targetAsset:" in text]

    payload = (await alice.data(mutation))["initiateWithdraw"]

    assert payload["errors"] == []
    begun = payload["transaction"]
    assert begun["targetAsset"] == "BTC"
    assert begun["recipient"]["address"] in (await alice.pending(begun["id"]))["summary"]


async def test_it_goes_to_a_saved_address_of_its_own_chain_alone(alice: Person) -> None:
    address, key = new_address("BTC"), new_key()
    wish = {"chain": "BITCOIN", "address": address, "label": "Cold", "idempotencyKey": key}
    kept = (await change(alice, "addSavedAddress", **wish))["savedAddresses"][-1]
    there = {"amount": "50", "destination": {"savedAddress": {"id": kept["id"]}}}
    try:
        begun = await alice.mutate(
            "initiateWithdraw", **there, targetAsset="BTC", idempotencyKey=key
        )
        other = await alice.mutate(
            "initiateWithdraw", **there, targetAsset="ETH", idempotencyKey=new_key()
        )
    finally:
        await change(alice, "removeSavedAddress", id=kept["id"])

    assert begun["errors"] == []
    assert address in (await alice.pending(begun["transaction"]["id"]))["summary"]
    assert only_error(other)["code"] == "VAL_CHAIN"


async def test_a_bank_takes_no_other_asset(alice: Person) -> None:
    bank = {"bankAccount": {"id": "nobody's"}}

    payload = await alice.mutate(
        "initiateWithdraw", amount="50", destination=bank, targetAsset="BTC", idempotencyKey="k"
    )

    assert only_error(payload)["field"] == "input.targetAsset"


async def test_it_is_shown_before_and_begun_by_what_was_shown(
    alice: Person, world: World, platform: Platform
) -> None:
    address = new_address("PAXG")
    given = looked_at("PAXG", address)
    looked = (await alice.data(PREVIEW, input={"withdraw": given}))["transactionPreview"]
    assert looked["errors"] == []
    shown = looked["preview"]
    assert shown["recipient"]["address"] == address
    assert Decimal(shown["received"]) >= Decimal(shown["receivedAtLeast"]) > 0
    assert {each["code"] for each in shown["warnings"]} >= {"TXN_RECIPIENT_STRANGER"}

    payload = await alice.mutate(
        "initiateWithdraw", **given, quoteId=shown["quoteId"], idempotencyKey=new_key()
    )
    done = await world.ended(alice, await alice.signed(payload))

    assert (done["state"], done["provider"]) == ("COMPLETED", shown["provider"])
    assert Decimal(done["receivedAmount"]) >= Decimal(shown["receivedAtLeast"])
    assert done["targetAmount"] == shown["received"]
    await holds(platform)


async def test_it_can_be_cancelled_before_it_is_signed(alice: Person, world: World) -> None:
    before = await posted(alice)
    identifier = (await begin(alice, "ETH", new_address("ETH")))["transaction"]["id"]
    await alice.pending(identifier)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await posted(alice) == before


async def test_the_same_wish_twice_is_one(alice: Person, world: World) -> None:
    key, address = new_key(), new_address("SOL")
    first = await begin(alice, "SOL", address, {"idempotencyKey": key})
    again = await begin(alice, "SOL", address, {"idempotencyKey": key})
    other = await begin(alice, "SOL", new_address("SOL"), {"idempotencyKey": key})
    plain = await alice.mutate(
        "initiateWithdraw",
        amount="50",
        destination={"externalWallet": {"address": address}},
        idempotencyKey=key,
    )

    assert first["transaction"]["id"] == again["transaction"]["id"]
    for conflict in (other, plain):
        assert only_error(conflict)["code"] == "VAL_IDEMPOTENCY_CONFLICT"


ZERO: Final = "0x" + 40 * "0"
CHECKSUM_WRONG: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"


@pytest.mark.parametrize(
    ("asset", "address", "code"),
    [
        ("BTC", "nonsense", "VAL_ADDRESS"),
        ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "VAL_ADDRESS"),
        ("BTC", CHECKSUM_WRONG, "VAL_ADDRESS"),
        ("ETH", CHECKSUM_WRONG, "VAL_ADDRESS"),
        ("ETH", ZERO, "TXN_ADDRESS_UNSUITABLE"),
        ("PAXG", str(ASSETS["PAXG"].contract), "TXN_ADDRESS_UNSUITABLE"),
        ("SUI", "0x2", "VAL_ADDRESS"),
        ("SUI", "0x" + 63 * "0" + "2", "TXN_ADDRESS_UNSUITABLE"),
        ("SOL", str(USDC_MINT), "TXN_ADDRESS_UNSUITABLE"),
    ],
)
async def test_an_address_that_nobody_could_spend_from_is_refused(
    alice: Person, records: Records, asset: str, address: str, code: str
) -> None:
    before = await records.now()

    error = only_error(await begin(alice, asset, address))

    assert (error["code"], error["field"]) == (code, ADDRESS)
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"amount": "4.99"}, "TXN_BELOW_MINIMUM", "input.amount"),
        ({"amount": "100000"}, "CMP_TRANSACTION_LIMIT", "input.amount"),
        ({"asset": "ETH"}, "VAL_ASSET", "input.asset"),
        ({"chain": "ETHEREUM"}, "VAL_CHAIN", f"{WALLET}.chain"),
        ({"maxSlippagePercent": "50"}, "VAL_SLIPPAGE", "input.maxSlippagePercent"),
        ({"maxSlippagePercent": "much"}, "VAL_SLIPPAGE", "input.maxSlippagePercent"),
    ],
)
async def test_a_wish_that_cannot_be_is_a_typed_error(
    alice: Person, wish: dict[str, str], code: str, field: str
) -> None:
    before = await posted(alice)

    error = only_error(await begin(alice, "BTC", new_address("BTC"), wish))

    assert (error["code"], error["field"]) == (code, field)
    assert await posted(alice) == before


async def test_an_asset_that_nobody_trades_is_refused(alice: Person) -> None:
    error = only_error(await begin(alice, "DOGE", new_address("BTC")))

    assert (error["code"], error["field"]) == ("VAL_ASSET_UNTRADED", "input.targetAsset")


async def test_ones_own_address_is_no_other_wallet(alice: Person, records: Records) -> None:
    own = await records.addresses("alice")
    for asset in ("SOL", "BTC", "ETH", "SUI"):
        error = only_error(await begin(alice, asset, own[ASSETS[asset].chain]))
        assert (error["code"], error["field"]) == ("TXN_SELF_SEND", ADDRESS)


async def test_the_address_of_another_user_is_credited_to_them(
    alice: Person, bob: Person, records: Records, world: World, platform: Platform
) -> None:
    theirs = (await records.addresses("bob"))[Chain.ETHEREUM]
    before = await _invested(bob, "ETH")
    identifier = await alice.signed(await begin(alice, "ETH", theirs))

    done = await world.ended(alice, identifier)

    assert (done["state"], done["recipient"]["username"]) == ("COMPLETED", None)
    assert await _invested(bob, "ETH") - before == Decimal(done["receivedAmount"])
    seen = await shown(bob, identifier)
    assert (seen["asset"], seen["amount"]) == ("ETH", done["receivedAmount"])
    assert (seen["targetAsset"], seen["targetAmount"]) == (None, None)
    await holds(platform)


async def _invested(person: Person, asset: str) -> Decimal:
    wallet = (await person.data("{ wallet { invested { asset posted } } }"))["wallet"]
    rows = (Decimal(row["posted"]) for row in wallet["invested"] if row["asset"] == asset)
    return sum(rows, Decimal(0))
