"""What somebody sends to a user's own address, from the chain to the user's screen."""

import asyncio
from decimal import Decimal
from typing import Final

import pytest

from domain.shared.assets import ASSETS
from tests.integration.api.client import Json, Person, Records
from tests.integration.api.live import WALLET, socket_of

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

FINAL_SECONDS: Final = {"BTC": 3_700, "ETH": 800, "PAXG": 800, "XAUT": 800, "SUI": 2, "SOL": 1}
"""How long the simulated chains take until nothing is undone any more."""
_INVESTED: Final = "{ wallet { invested { asset posted spendable } } }"


async def invested(person: Person, asset: str) -> Decimal:
    rows = (await person.data(_INVESTED))["wallet"]["invested"]
    return sum((Decimal(row["spendable"]) for row in rows if row["asset"] == asset), Decimal(0))


async def control(person: Person, path: str, order: Json) -> None:
    url = f"{person.ready.sandbox_url}/control/{path}"
    (await person.http.post(url, json=order)).raise_for_status()


async def send(person: Person, asset: str, base_units: int) -> None:
    """Out of nothing to the user's address, and as long after it as makes it final."""
    address = person.ready.user(person.name).addresses[ASSETS[asset].chain.lower()]
    await control(person, "fund", {"asset": asset, "address": address, "amount": str(base_units)})
    await control(person, "clock", {"skip_seconds": FINAL_SECONDS[asset]})


@pytest.mark.parametrize("asset", list(FINAL_SECONDS))
async def test_it_shows_in_the_wallet_and_its_updates(
    alice: Person, records: Records, asset: str
) -> None:
    before, sent = await invested(alice, asset), 3 * ASSETS[asset].minimum_base_units
    async with socket_of(alice) as socket:
        updates = await socket.subscribe(WALLET, after=await records.cursor())
        await send(alice, asset, sent)

        (item,) = await updates.until("UnannouncedDepositReceived")

    assert (item["kind"], item["transaction"], item["state"]) == ("BalanceUpdated", None, None)
    gained = await invested(alice, asset) - before
    assert gained == Decimal(sent).scaleb(-ASSETS[asset].decimals)


async def test_two_payments_are_two_bookings(alice: Person, records: Records) -> None:
    before, least = await invested(alice, "SUI"), ASSETS["SUI"].minimum_base_units
    async with socket_of(alice) as socket:
        updates = await socket.subscribe(WALLET, after=await records.cursor())
        await send(alice, "SUI", least)
        await send(alice, "SUI", 2 * least)

        for _ in range(2):
            await updates.until("UnannouncedDepositReceived")
        assert await updates.quiet()

    assert await invested(alice, "SUI") - before == 3


async def test_a_payment_that_a_reorganisation_drops_is_booked_where_it_lands(
    alice: Person, records: Records
) -> None:
    before = await invested(alice, "BTC")
    address = alice.ready.user("alice").addresses["bitcoin"]
    url = f"{alice.ready.sandbox_url}/bitcoin/_simulate"
    async with socket_of(alice) as socket:
        updates = await socket.subscribe(WALLET, after=await records.cursor())
        for order, body in (
            ("fund", {"address": address, "amount": 70_000, "confirmed": False}),
            ("mine", {"blocks": 3}),
            ("reorganise", {"blocks": 3}),
        ):
            (await alice.http.post(f"{url}/{order}", json=body)).raise_for_status()
        await asyncio.sleep(1)
        assert await updates.quiet()
        (await alice.http.post(f"{url}/mine", json={"blocks": 7})).raise_for_status()

        await updates.until("UnannouncedDepositReceived")
        assert await updates.quiet()

    assert await invested(alice, "BTC") - before == Decimal("0.0007")


async def test_eth_that_a_contract_pays_out_is_booked(alice: Person, records: Records) -> None:
    before = await invested(alice, "ETH")
    address = alice.ready.user("alice").addresses["ethereum"]
    url = f"{alice.ready.sandbox_url}/ethereum/_simulate"
    async with socket_of(alice) as socket:
        updates = await socket.subscribe(WALLET, after=await records.cursor())
        order = {"address": address, "amount": str(10**16)}
        (await alice.http.post(f"{url}/pass_on", json=order)).raise_for_status()
        (await alice.http.post(f"{url}/mine", json={"blocks": 65})).raise_for_status()

        await updates.until("UnannouncedDepositReceived")

    assert await invested(alice, "ETH") - before == Decimal("0.01")
