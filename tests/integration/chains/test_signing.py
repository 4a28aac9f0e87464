"""What is signed on Bitcoin, Ethereum and Sui is what was asked, lands once, and its money is let go
by proof alone."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import rlp  # type: ignore[import-untyped]  # ships no types
from embit import script
from embit.psbt import PSBT

from domain.provider.ports.chain import NetworkFee, PlainTransfer, TransferPrepared
from domain.shared.assets import ETH
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.chains.sui.model import Pure
from infrastructure.chains.sui.reading import read
from infrastructure.demo.users import addresses_of
from infrastructure.http import HttpClient
from infrastructure.sandbox.bridge_calls import CONTRACTS
from tests.integration.api.client import Person, Records, only_error, owner_of, receive
from tests.integration.api.test_swaps import held, sell
from tests.integration.chains.outside import Outside
from tests.integration.chains.selling import begun, owned

pytestmark = pytest.mark.enable_socket

_NODES = ("ethereum", "ethereum_2")
_STRANGER = bytes(range(32))
_SPENDS = {"ETH": "0.021", "SUI": "20", "BTC": "0.0008"}


@pytest.fixture
async def carols(carol: Person) -> AsyncIterator[Outside]:
    """Of somebody who also uses her key elsewhere."""
    await receive(carol, 500)
    async with owner_of(carol.ready) as connection:
        yield Outside(person=carol, connection=connection)


def ether_to_a_stranger(payload: bytes) -> bytes:
    fields = rlp.decode(payload[1:])
    fields[5] = _STRANGER[:20]
    return payload[:1] + bytes(rlp.encode(fields))


def coins_to_a_stranger(payload: bytes) -> bytes:
    psbt = PSBT.parse(payload)
    psbt.outputs[0].script_pubkey = script.Script(b"\x00\x14" + _STRANGER[:20])
    return bytes(psbt.serialize())


def objects_to_a_stranger(payload: bytes) -> bytes:
    recipient = next(
        one.content
        for one in read(payload).inputs
        if isinstance(one, Pure) and len(one.content) > 8
    )
    return payload.replace(recipient, _STRANGER)


FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "ETH": ether_to_a_stranger,
    "BTC": coins_to_a_stranger,
    "SUI": objects_to_a_stranger,
}


@pytest.mark.parametrize("asset", FORGERIES)
async def test_nothing_is_taken_but_what_was_asked_and_that_once(
    outside: Outside, asset: str
) -> None:
    identifier = await begun(outside, asset)
    action = await outside.asked(identifier)
    forged = FORGERIES[asset](base64.b64decode(action["payload"]))
    other = {**action, "payload": base64.b64encode(forged).decode()}

    for signed, code in (
        (outside.sign(other, asset, _SPENDS[asset]), "TXN_SIGNATURE_INVALID"),
        (action["payload"], "TXN_SIGNATURE_INVALID"),
        ("AAAA", "TXN_SIGNATURE_INVALID"),
        ("not base64", "VAL_SIGNED_TRANSACTION"),
    ):
        assert only_error(await outside.person.submit(action["id"], signed))["code"] == code
    right = outside.sign(action, asset, _SPENDS[asset])
    assert (await outside.person.submit(action["id"], right))["errors"] == []
    twice = only_error(await outside.person.submit(action["id"], right))

    assert twice["code"] == "TXN_ACTION_REPLAYED"
    assert (await outside.ended(identifier))["state"] == "COMPLETED"


async def test_who_has_nothing_to_pay_the_network_with_is_told_so(bob: Person) -> None:
    await receive(bob, 200)
    async with owner_of(bob.ready) as connection:
        await owned(Outside(person=bob, connection=connection), "PAXG", "100")

        error = only_error(await sell(bob, "0.02", "PAXG"))

    assert error["code"] == "TXN_GAS_MISSING"
    assert error["whatToDo"]


async def test_what_was_cancelled_before_it_was_signed_is_free_again(outside: Outside) -> None:
    identifier = await begun(outside, "ETH")
    await outside.asked(identifier)

    assert (await outside.person.cancel(identifier))["errors"] == []

    ended = await outside.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await outside.violations() == []


async def test_what_fails_on_the_chain_costs_its_gas_alone(outside: Outside) -> None:
    identifier = await begun(outside, "ETH")
    ether = await held(outside.person, "ETH")
    action = await outside.asked(identifier)
    await reverting(outside, reverts=True)

    await outside.person.submit(action["id"], outside.sign(action, "ETH", _SPENDS["ETH"]))
    ended = await outside.ended(identifier)
    await reverting(outside, reverts=False)

    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CHAIN_REFUSED")
    assert Decimal(0) < ether - await held(outside.person, "ETH") < Decimal("0.001")
    assert await held(outside.person, "ETH") == await outside.on_chain(ETH)
    assert await outside.violations() == []


async def test_what_a_bridge_gives_back_is_there_again(outside: Outside) -> None:
    identifier = await begun(outside, "ETH")
    action = await outside.asked(identifier)

    await outside.person.submit(action["id"], outside.sign(action, "ETH", _SPENDS["ETH"]))
    ended = await outside.ended(identifier, outcome="refund")

    assert (ended["state"], ended["reason"]) == ("FAILED", "PRV_NOT_DELIVERED")
    assert await held(outside.person, "ETH") == await outside.on_chain(ETH)
    assert await outside.violations() == []


@pytest.mark.parametrize("kind", ["timeout_after_executing", "timeout_before_executing"])
async def test_an_unknown_broadcast_is_looked_up_and_lands_once(
    outside: Outside, records: Records, kind: str
) -> None:
    identifier = await begun(outside, "ETH")
    ether = await held(outside.person, "ETH")
    action = await outside.asked(identifier)
    for node in _NODES:
        await faulty(outside, node, kind, remaining=1)

    await outside.person.submit(action["id"], outside.sign(action, "ETH", _SPENDS["ETH"]))
    done = await outside.ended(identifier)

    assert done["state"] == "COMPLETED"
    assert "OutcomeUnknown" in await records.published(identifier)
    assert await held(outside.person, "ETH") == await outside.on_chain(ETH) < ether
    assert await outside.violations() == []


async def test_what_never_lands_is_let_go_when_its_number_is_used_otherwise(
    carols: Outside, records: Records
) -> None:
    identifier = await begun(carols, "ETH")
    action = await carols.asked(identifier)
    for node in _NODES:
        await faulty(carols, node, "outage", operations=["eth_sendRawTransaction"])
    await carols.person.submit(action["id"], carols.sign(action, "ETH", _SPENDS["ETH"]))
    await asyncio.sleep(2)
    waiting = await carols.shown(identifier)

    await elsewhere(carols)
    await calm(carols)
    again = await carols.asked(identifier, besides=action["id"])

    assert waiting["state"] == "BLOCKCHAIN_PENDING"
    assert "BlockchainTransferExpired" in await records.published(identifier)
    signed = carols.sign(again, "ETH", _SPENDS["ETH"])
    assert (await carols.person.submit(again["id"], signed))["errors"] == []
    assert (await carols.ended(identifier))["state"] == "COMPLETED"


async def test_what_can_no_longer_land_is_not_taken(carols: Outside) -> None:
    identifier = await begun(carols, "ETH")
    action = await carols.asked(identifier)
    signed = carols.sign(action, "ETH", _SPENDS["ETH"])
    await elsewhere(carols)

    error = only_error(await carols.person.submit(action["id"], signed))

    assert error["code"] == "TXN_ACTION_STALE"
    await carols.asked(identifier, besides=action["id"])


async def faulty(outside: Outside, node: str, kind: str, **more: object) -> None:
    fault = {
        "kind": kind,
        "provider": node,
        "operations": ["eth_sendRawTransaction"],
        "hang_ms": 100,
        **more,
    }
    assert (await outside.order("control/faults", fault)).status_code == 200


async def calm(outside: Outside) -> None:
    url = f"{outside.person.ready.sandbox_url}/control/faults"
    assert (await outside.person.http.delete(url)).status_code == 200


async def reverting(outside: Outside, *, reverts: bool) -> None:
    for address in CONTRACTS:
        body = {"address": address, "reverts": reverts}
        assert (await outside.order("ethereum/_simulate/contract", body)).status_code == 200


async def elsewhere(outside: Outside) -> None:
    """Uses the next number of the person's account for a transfer to themselves, finally."""
    person = outside.person
    address = addresses_of(person.ready.user(person.name).keypair_file)[ETH.chain]
    async with HttpClient(timeout_seconds=10) as client:
        url = f"{person.ready.sandbox_url}/ethereum"
        gateway = EthereumGateway(client=client, urls=(url,))
        wished = PlainTransfer(asset=ETH, sender=address, recipient=address, amount=1, fee_rate=1)
        fee = await gateway.network_fee(wished)
        assert isinstance(fee, NetworkFee)
        prepared = await gateway.prepare_transfer(replace(wished, fee_rate=fee.rate))
        assert isinstance(prepared, TransferPrepared)
        payload = base64.b64encode(prepared.payload).decode()
        raw = base64.b64decode(outside.sign({"payload": payload}, "ETH", "0.001"))
        signed = gateway.accept_signature(prepared, raw, signer=address)
    body: dict[str, object] = {"raw": signed.raw.hex()}
    assert (await outside.order("ethereum/_simulate/hand_in", body)).status_code == 200
    await outside.mine()
