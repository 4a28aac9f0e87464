"""The simulated Sui by itself: what it checks, how its time passes, what it keeps."""

import base64
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from domain.provider.ports.chain import Accepted, Presence, TransferPrepared
from domain.shared.assets import SUI
from infrastructure.chains.sui import building
from infrastructure.chains.sui.reading import read
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.world import SandboxClock, World
from infrastructure.sandbox.sui.ledger import Ledger
from tests.contracts.chains.stages import SUI_URL, Stage, SuiWallet, got, sui_stage
from tests.contracts.chains.talk import order, world_of
from tests.contracts.worlds import NOON

EXECUTE = """mutation($transaction: Base64!, $signatures: [Base64!]!) {
  executeTransaction(transactionDataBcs: $transaction, signatures: $signatures) {
    effects { digest status executionError { message } gasEffects { gasSummary {
      computationCost storageCost storageRebate nonRefundableStorageFee } } }
  }
}"""
COSTS = """query($digest: String!) { transaction(digest: $digest) { effects { gasEffects {
  gasSummary { computationCost storageCost storageRebate } } } } }"""


@pytest.fixture
async def sui() -> AsyncIterator[Stage]:
    async with sui_stage() as found:
        yield found


async def ask(stage: Stage, query: str, **variables: object) -> dict[str, object]:
    body = msgspec.json.encode({"query": query, "variables": variables})
    answer = await world_of(stage).client.request("POST", SUI_URL, content=body)
    return msgspec.json.decode(answer.body, type=dict[str, object])


async def execute(stage: Stage, transaction: bytes, *signatures: bytes) -> dict[str, object]:
    encoded = [base64.b64encode(one).decode() for one in signatures]
    sent = base64.b64encode(transaction).decode()
    return await ask(stage, EXECUTE, transaction=sent, signatures=encoded)


async def ready(stage: Stage) -> tuple[SuiWallet, TransferPrepared]:
    sender = SuiWallet()
    await stage.simulator.fund(sender.address, SUI, stage.plenty)
    return sender, await stage.prepared(sender, SuiWallet().address)


async def test_checkpoints_come_with_the_clock(sui: Stage) -> None:
    signed = await sui.signed(await sui.funded(), SuiWallet().address)
    got(await sui.gateway.broadcast(signed))

    world_of(sui).skip(seconds=0.25)
    assert got(await sui.gateway.sighting(signed.transaction_hash)).depth == 1
    world_of(sui).skip(seconds=0.5)
    seen = got(await sui.gateway.sighting(signed.transaction_hash))

    assert (seen.presence, seen.depth) == (Presence.FINAL, 3)


async def test_gas_is_accounted_for(sui: Stage) -> None:
    sender, prepared = await ready(sui)

    answer = await execute(sui, prepared.payload, sender.sign(prepared.payload))

    summary = {
        "computationCost": 550_000,
        "storageCost": 1_976_000,
        "storageRebate": 978_120,
        "nonRefundableStorageFee": 997_880,
    }
    assert str(summary) in str(answer)
    await sui.simulator.mine(1)
    fee = 550_000 + 1_976_000 - 978_120
    left = await sui.gateway.balance(sender.address, SUI)
    assert left == sui.plenty - sui.amount - fee


async def test_signatures_are_checked(sui: Stage) -> None:
    sender, prepared = await ready(sui)
    right, thief = sender.sign(prepared.payload), SuiWallet()

    for wrong in (
        (),
        (right, right),
        (thief.sign(prepared.payload),),
        (right[:-1],),
        (b"\1" + right[1:],),
        (right[:1] + bytes(64) + right[65:],),
    ):
        answer = await execute(sui, prepared.payload, *wrong)
        assert "Invalid user signature" in str(answer["errors"])
        assert "BAD_USER_INPUT" in str(answer["errors"])


async def test_objects_and_gas_are_checked(sui: Stage) -> None:
    sender, prepared = await ready(sui)
    gas = read(prepared.payload).gas
    (coin,) = gas.payment
    other, theirs = await ready(sui)

    for words, changed in (
        ("not available", replace(gas, payment=(replace(coin, version=9),))),
        ("not available", replace(gas, payment=(replace(coin, digest=bytes(32)),))),
        ("Could not find", replace(gas, payment=(replace(coin, object_id=bytes(32)),))),
        ("owned by", replace(gas, payment=read(theirs.payload).gas.payment)),
        ("more than once", replace(gas, payment=(coin, coin))),
        ("under reference", replace(gas, price=549)),
        ("lower than min", replace(gas, budget=549_999)),
        ("lower than the needed", replace(gas, budget=sui.plenty + 1)),
        ("no coins", replace(gas, payment=())),
        ("no coins", replace(gas, owner=other.address)),
    ):
        content = building.encode(
            building.Transfer(sender=sender.address, recipient=other.address, amount=1, gas=changed)
        )
        answer = await execute(sui, content, sender.sign(content))
        assert words in str(answer["errors"]), words


async def test_what_is_no_request_is_refused(sui: Stage) -> None:
    rest = "signatures: []) { effects { digest } } }"
    for query, code in (
        ("query {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ checkpoint { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ address(address: "x") { address } }', "BAD_USER_INPUT"),
        ("{ transactions(last: 5) { nodes { digest } } }", "BAD_USER_INPUT"),
        (
            '{ address(address: "0x2") { objects(first: 51) { nodes { address } } } }',
            "BAD_USER_INPUT",
        ),
        (
            '{ address(address: "0x2") { objects(after: "x") { nodes { address } } } }',
            "BAD_USER_INPUT",
        ),
        (f'mutation {{ executeTransaction(transactionDataBcs: "?", {rest}', "BAD_USER_INPUT"),
        (f'mutation {{ executeTransaction(transactionDataBcs: "AA==", {rest}', "BAD_USER_INPUT"),
    ):
        answer = await ask(sui, query)
        assert code in str(answer["errors"]), query
        assert answer["data"] is None
    for body in (b"", b"[]", b"{}"):
        found = await world_of(sui).client.request("POST", SUI_URL, content=body)
        assert found.status == 400


async def test_what_else_is_served(sui: Stage) -> None:
    sender, _ = await ready(sui)
    answer = await ask(
        sui,
        """query($address: SuiAddress!, $type: String!) {
          checkpoint(sequenceNumber: 240000000) { sequenceNumber digest timestamp }
          future: checkpoint(sequenceNumber: 999999999) { digest }
          chainIdentifier
          epoch { epochId referenceGasPrice }
          object(address: "0x9") { version }
          address(address: $address) {
            balance(coinType: "0x2::sui::SUI") { totalBalance coinBalance addressBalance }
            other: balance(coinType: "0x9::a::A") { totalBalance }
            objects(filter: {type: $type}) { nodes { contents { type { repr } } } }
            none: objects(filter: {type: "0x2::coin::Coin<0x9::a::A>"}) { nodes { version } }
          }
        }""",
        address=sender.address,
        type="0x2::coin::Coin<0x2::sui::SUI>",
    )

    data = msgspec.convert(answer["data"], dict[str, dict[str, object] | str | None])
    held = data["address"]
    assert isinstance(held, dict)
    assert held["balance"] == {
        "totalBalance": str(sui.plenty),
        "coinBalance": str(sui.plenty),
        "addressBalance": "0",
    }
    assert held["other"] == {"totalBalance": "0"}
    assert len(str(held["objects"]).split("contents")) == 2
    assert held["none"] == {"nodes": []}
    assert (data["future"], data["object"]) == (None, None)
    assert data["epoch"] == {"epochId": 1_000, "referenceGasPrice": "550"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fund", {"address": "0x2", "amount": 1}),
        ("fund", {"address": "0x" + 64 * "a", "amount": 0}),
        ("fund", {}),
        ("checkpoint", {"checkpoints": 0}),
        ("checkpoint", {"checkpoints": 10_001}),
        ("reorganise", {"checkpoints": 101}),
        ("drop", {"digest": "nothing"}),
        ("gas_price", {"mist": 0}),
    ],
)
async def test_orders_that_make_no_sense_are_refused(
    sui: Stage, name: str, content: object
) -> None:
    assert await order(sui, f"{SUI_URL}/_simulate/{name}", content) == 400


async def test_the_reference_price_can_be_set(sui: Stage) -> None:
    assert await order(sui, f"{SUI_URL}/_simulate/gas_price", {"mist": 750}) == 200

    transfer = await sui.transfer(await sui.funded(), SuiWallet().address)

    assert transfer.fee_rate == 750


@pytest.mark.parametrize("seed", range(6))
async def test_no_sui_is_made_or_lost(sui: Stage, seed: int) -> None:
    """But for the faucet and what gas costs, whatever is dropped or taken back on the way."""
    chance, wallets = random.Random(seed), [SuiWallet() for _ in range(4)]
    for wallet in wallets:
        await sui.simulator.fund(wallet.address, SUI, sui.plenty)
    sent: list[str] = []

    for _ in range(25):
        one, other = chance.sample(wallets, 2)
        amount = chance.randrange(1, sui.plenty // 4)
        prepared = await sui.gateway.prepare_transfer(
            await sui.transfer(one, other.address, amount)
        )
        if isinstance(prepared, TransferPrepared):
            signed = sui.accept(prepared, one)
            if isinstance(await sui.gateway.broadcast(signed), Accepted):
                sent.append(signed.transaction_hash)
        match chance.randrange(5):
            case 0:
                await order(sui, f"{SUI_URL}/_simulate/drop", {"digest": chance.choice(sent)})
            case 1:
                await sui.simulator.reorganise(chance.randrange(1, 4))
            case _:
                await sui.simulator.mine(1)
    await sui.simulator.mine(sui.final_blocks)

    seen = [got(await sui.gateway.sighting(name)) for name in dict.fromkeys(sent)]
    assert {one.presence for one in seen} <= {Presence.FINAL, Presence.UNKNOWN}

    fees = 0
    for name, sighting in zip(dict.fromkeys(sent), seen, strict=True):
        if sighting.presence is Presence.FINAL:
            costs = await ask(sui, COSTS, digest=name)
            computation, storage, rebate = map(int, re.findall(r": (\d+)", str(costs)))
            fees += computation + storage - rebate
    held = [got(await sui.gateway.balance(wallet.address, SUI)) for wallet in wallets]
    assert sum(held) + fees == 4 * sui.plenty


def test_the_chain_goes_on_over_a_restart(tmp_path: Path) -> None:
    owner, held, tip = "0x" + 64 * "a", [], 0
    for _ in range(2):
        memory = Memory(tmp_path)
        world = World(memory=memory, clock=SandboxClock(memory, lambda: NOON))
        ledger = Ledger(world)
        ledger.fund(owner, 5)
        ledger.mine(3)
        held, tip = ledger.coins_of(owner), ledger.blocks.tip()
        memory.close()

    assert [coin.balance for coin in held] == [5, 5]
    assert tip == 240_000_006
