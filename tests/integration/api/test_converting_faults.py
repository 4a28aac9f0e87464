"""Withdraws that convert, with providers that fail, lie or give back."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest

from bench.platform import Platform
from domain.shared.money import format_asset
from infrastructure.db.pool import connect
from tests.integration.api.client import Person, Records, only_error, sign
from tests.integration.api.converting import (
    OWED,
    POLL_SECONDS,
    SKIPPED_SECONDS,
    World,
    begin,
    holds,
    new_address,
    posted,
    shown,
)
from tests.integration.api.test_confirmations import choose
from tests.integration.api.test_reviews import Operator, key_of, made_risky
from tests.sequences import WITHDRAW

pytestmark = pytest.mark.enable_socket

_REFERENCE: Final = """SELECT data -> 'signature' ->> 'reference' FROM outbox
    WHERE type = 'UserActionRequired' ORDER BY generation DESC, xid DESC, id DESC LIMIT 1"""


@pytest.mark.parametrize("kind", ["error", "malformed_body", "outage"])
async def test_where_one_bridge_gives_no_quote_the_other_one_does(
    alice: Person, world: World, platform: Platform, kind: str
) -> None:
    await world.post("control/faults", {"kind": kind, "provider": "lifi"})
    address = new_address("ETH")

    identifier = await alice.signed(await begin(alice, "ETH", address))
    done = await world.ended(alice, identifier)

    assert (done["state"], done["provider"]) == ("COMPLETED", "debridge")
    assert await world.balance("ETH", address) > 0
    await holds(platform)


async def test_an_asset_of_solana_may_be_delivered_afterwards_too(
    alice: Person, records: Records, world: World, platform: Platform
) -> None:
    await world.post("control/faults", {"kind": "outage", "provider": "jupiter"})
    address = new_address("SOL")

    identifier = await alice.signed(await begin(alice, "SOL", address))
    done = await world.ended(alice, identifier)

    assert (done["state"], done["provider"]) == ("COMPLETED", "lifi")
    published = await records.published(identifier)
    assert [name for name in published if name in WITHDRAW] == WITHDRAW
    assert "CrossChainDeliveryAwaited" in published
    assert done["receivedAmount"] == format_asset(await world.balance("SOL", address), "SOL")
    await holds(platform)


@pytest.fixture
async def risky(alice: Person, platform: Platform) -> AsyncIterator[Person]:
    async for person in made_risky(alice, Operator(platform)):
        yield person


async def test_who_goes_out_before_anything_is_signed_gives_way_to_the_other(
    risky: Person, records: Records, world: World, platform: Platform
) -> None:
    address = new_address("ETH")
    payload = await begin(risky, "ETH", address, {"amount": "1001"})
    identifier = str(payload["transaction"]["id"])
    assert (await shown(risky, identifier))["waitingOn"] == "OPERATOR"
    await world.post("control/faults", {"kind": "outage", "provider": "debridge"})

    decided = Operator(platform).does(
        "compliance", "approve", key_of(identifier), "--reason", "salary"
    )
    assert decided.returncode == 0, decided.stderr
    action = await risky.pending(identifier)
    # Who was the best promised all that it quoted; the other promises a little less.
    assert action["type"] == "CONFIRM_SLIPPAGE"
    assert (await choose(risky, action["id"], "ACCEPT"))["errors"] == []
    action = await risky.pending(identifier, besides=action["id"])
    taken = await risky.submit(action["id"], sign(action["payload"], risky.keypair))
    assert taken["errors"] == []
    done = await world.ended(risky, identifier)

    assert (done["state"], done["provider"]) == ("COMPLETED", "lifi")
    assert "PROVIDER_FAILOVER" in {row["state"] for row in done["timeline"]}
    published = await records.published(identifier)
    assert published.count("UserActionSubmitted") == 1
    assert await world.balance("ETH", address) > 0
    await holds(platform)


async def test_where_nobody_gives_a_quote_nothing_begins(
    alice: Person, records: Records, world: World
) -> None:
    before = await records.now()
    await world.post("control/faults", {"kind": "error", "provider": "lifi"})

    error = only_error(await begin(alice, "BTC", new_address("BTC")))

    assert error["code"] == "PRV_NONE_AVAILABLE"
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
async def test_what_the_bridge_gives_back_is_available_again(
    alice: Person, records: Records, world: World, platform: Platform, asset: str
) -> None:
    before, address = await posted(alice), new_address(asset)
    owed = await records.count(OWED)
    await _only_lifi(world)
    identifier = await alice.signed(await begin(alice, asset, address))
    await world.post(
        "lifi/_simulate/outcome", {"id": await reference(platform), "outcome": "refund"}
    )

    ended = await world.ended(alice, identifier)

    assert (ended["state"], ended["reason"]) == ("FAILED", "PRV_NOT_DELIVERED")
    assert ended["fundsLocation"] == "RETURNED"
    assert await world.balance(asset, address) == 0
    # What the network took of what was sent is gone.
    assert 0 <= before - await posted(alice) < Decimal("0.5")
    assert await records.count(OWED) == owed
    await holds(platform)


async def test_less_than_was_promised_waits_for_a_person(
    alice: Person, records: Records, world: World, platform: Platform
) -> None:
    address = new_address("BTC")
    owed = await records.count(OWED)
    fault = {"kind": "wrong_amount", "provider": "lifi", "operations": ["deliver"]}
    await world.post("control/faults", {**fault, "millionths": 900_000})

    identifier = await alice.signed(await begin(alice, "BTC", address))
    found = await world.ended(alice, identifier, "OPERATOR")

    assert (found["waitingOn"], found["fundsLocation"]) == ("OPERATOR", "SUSPENSE")
    assert found["receivedAmount"] is None
    assert await world.balance("BTC", address) > 0
    assert await records.count(OWED) - owed > 49_000_000
    await holds(platform)


async def test_what_nobody_knows_stays_with_the_provider_until_it_is_known(
    alice: Person, records: Records, world: World
) -> None:
    address = new_address("SUI")
    owed = await records.count(OWED)
    payload = await begin(alice, "SUI", address)
    await alice.pending(payload["transaction"]["id"])
    await world.post("control/faults", {"kind": "error", "provider": "lifi"})
    identifier = await alice.signed(payload)
    for _ in range(10):
        await world.post("control/clock", {"skip_seconds": SKIPPED_SECONDS})
        await asyncio.sleep(POLL_SECONDS)
    found = await shown(alice, identifier)
    assert (found["state"], found["subState"]) == ("PROVIDER_PROCESSING", "BRIDGE_CONFIRMING")
    assert (found["waitingOn"], found["cancellable"]) == ("PROVIDER", False)
    assert await records.count(OWED) - owed > 49_000_000

    await world.calm()
    assert (await world.ended(alice, identifier))["state"] == "COMPLETED"
    assert await records.count(OWED) == owed


async def _only_lifi(world: World) -> None:
    await world.post("control/faults", {"kind": "outage", "provider": "debridge"})


async def reference(platform: Platform) -> str:
    """What the bridge knows the last transaction that was to be signed by."""
    connection = await connect(platform.ready.database_url)
    try:
        return str(await connection.fetchval(_REFERENCE))
    finally:
        await connection.close()


ZERO: Final = "0x" + 40 * "0"
