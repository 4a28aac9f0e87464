import base64
from pathlib import Path

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.model import BroadcastKind, Level
from infrastructure.chains.solana.verification import signature_of
from tests.integration.sandbox.conftest import ManualClock, OpenWorld, World


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


async def send(world: World, transaction: bytes, **options: object) -> dict[str, object]:
    answer = await world.call(
        "sendTransaction", text(transaction), {"encoding": "base64", **options}
    )
    decoded: dict[str, object] = answer.json()
    return decoded


async def error_of(world: World, method: str, *params: object) -> dict[str, object]:
    error: dict[str, object] = (await world.call(method, *params)).json()["error"]
    return error


# ------------------------------------------------------------------ what the runtime refuses


async def test_a_stale_blockhash_is_refused(world: World) -> None:
    transaction = await world.transfer()
    await world.control("advance", {"slots": 200})

    error = (await send(world, transaction))["error"]

    assert isinstance(error, dict)
    assert error["code"] == -32002
    assert error["message"] == "Transaction simulation failed: Blockhash not found"
    assert error["data"]["err"] == "BlockhashNotFound"


async def test_a_blockhash_is_valid_to_its_last_height_and_not_beyond(world: World) -> None:
    prepared = await world.prepared()
    height = await world.gateway.rpc.block_height("processed")
    left = prepared.last_valid_block_height - height
    await world.control("advance", {"slots": left})
    assert (await world.gateway.simulate(world.signed(prepared))).ok

    await world.control("advance", {"slots": 1})

    simulated = await world.gateway.simulate(world.signed(prepared))
    assert (simulated.ok, simulated.error) == (False, "BlockhashNotFound")


async def test_an_invented_blockhash_is_refused_by_the_runtime(world: World) -> None:
    instruction = transfer(
        TransferParams(
            from_pubkey=world.fee_payer.pubkey(), to_pubkey=world.bob.pubkey(), lamports=10**9
        )
    )
    message = Message.new_with_blockhash([instruction], world.fee_payer.pubkey(), Hash.new_unique())
    forged = bytes(VersionedTransaction(message, [world.fee_payer]))

    await send(world, forged, skipPreflight=True)

    assert await world.gateway.rpc.balance(world.bob.pubkey()) == 0


async def test_without_preflight_a_bad_signature_is_taken_and_never_lands(world: World) -> None:
    transaction = bytearray(await world.transfer())
    transaction[70] ^= 1
    checked = await send(world, bytes(transaction))

    unchecked = await send(world, bytes(transaction), skipPreflight=True)

    assert isinstance(checked["error"], dict)
    assert checked["error"]["code"] == -32003
    assert unchecked["result"] == signature_of(bytes(transaction))
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 0


async def test_a_replay_is_refused(world: World) -> None:
    transaction = await world.transfer()
    await send(world, transaction)

    error = (await send(world, transaction))["error"]
    await send(world, transaction, skipPreflight=True)

    assert isinstance(error, dict)
    assert error["data"]["err"] == "AlreadyProcessed"
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 25_000_000


# ------------------------------------------------------------------ what survives


async def test_everything_acknowledged_survives_a_restart(
    open_world: OpenWorld, tmp_path: Path
) -> None:
    clock = ManualClock()
    before = open_world(tmp_path, clock)
    await before.fund()
    landed, waiting = await before.transfer(), await before.transfer(10_000_000)
    await before.gateway.broadcast(landed)
    genesis = (await before.call("getGenesisHash")).json()["result"]
    slot = await before.gateway.rpc.slot("processed")
    # Not closed: as after kill -9.
    clock.pass_ms(1000)

    after = open_world(tmp_path, clock, before)

    assert (await after.call("getGenesisHash")).json()["result"] == genesis
    assert await after.gateway.rpc.slot("processed") == slot + 10
    assert await after.gateway.usdc_balance(after.bob.pubkey()) == 25_000_000
    status = (await after.gateway.statuses([signature_of(landed)]))[signature_of(landed)]
    assert status is not None
    assert status.level is Level.CONFIRMED
    left = await after.gateway.footprint(signature_of(landed))
    assert left is not None
    assert len(left.movements) == 3
    # A replay is still one, and what was signed before the restart is still good.
    assert "error" in await send(after, landed)
    assert (await after.gateway.broadcast(waiting)).kind is BroadcastKind.ACCEPTED
    assert await after.gateway.usdc_balance(after.bob.pubkey()) == 35_000_000


async def test_what_was_advanced_stays_advanced(open_world: OpenWorld, tmp_path: Path) -> None:
    clock = ManualClock()
    before = open_world(tmp_path, clock)
    await before.control("advance", {"slots": 777})
    await before.control("timing", {"slot_ms": 50})
    slot = await before.gateway.rpc.slot("processed")

    after = open_world(tmp_path, clock)

    assert await after.gateway.rpc.slot("processed") == slot


async def test_slots_never_go_back_with_the_wall_clock(world: World) -> None:
    world.clock.pass_ms(60_000)
    slot = await world.gateway.rpc.slot("processed")

    world.clock.pass_ms(-30_000)

    assert await world.gateway.rpc.slot("processed") == slot
    world.clock.pass_ms(100)
    assert await world.gateway.rpc.slot("processed") == slot + 1


# ------------------------------------------------------------------ the protocol


async def test_a_slower_pace_keeps_the_slot(world: World) -> None:
    slot = await world.gateway.rpc.slot("processed")

    await world.control("timing", {"slot_ms": 1000})
    world.clock.pass_ms(3000)

    assert await world.gateway.rpc.slot("processed") == slot + 3


async def test_a_transaction_reads_back_in_every_encoding(world: World) -> None:
    transaction = await world.transfer()
    await world.gateway.broadcast(transaction)
    signature = signature_of(transaction)
    assert (await world.call("getTransaction", signature)).json()["result"] is None
    world.clock.pass_ms(3000)

    found = {}
    for encoding in ("json", "jsonParsed", "base64", "base58"):
        options = {"encoding": encoding, "maxSupportedTransactionVersion": 0}
        found[encoding] = (await world.call("getTransaction", signature, options)).json()["result"]

    assert found["base64"]["transaction"] == [text(transaction), "base64"]
    assert found["json"]["transaction"]["signatures"][0] == signature
    assert found["json"]["version"] == "legacy"
    parsed = found["jsonParsed"]["transaction"]["message"]["instructions"][1]
    assert parsed["parsed"]["type"] == "transferChecked"
    assert parsed["parsed"]["info"]["tokenAmount"]["uiAmountString"] == "25"
    assert found["json"]["meta"]["fee"] == 10_000
    assert found["json"]["meta"]["err"] is None


async def test_a_node_that_is_not_there_yet_says_so(world: World) -> None:
    slot = await world.gateway.rpc.slot("finalized")
    options = {"commitment": "finalized", "minContextSlot": slot + 5}

    error = await error_of(world, "getLatestBlockhash", options)

    assert (error["code"], error["data"]) == (-32016, {"contextSlot": slot})


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("noSuchMethod", [], -32601),
        ("getBalance", ["nobody"], -32602),
        ("getBalance", [], -32602),
        ("getTokenAccountBalance", [str(Keypair().pubkey())], -32602),
        ("getSlot", [{"commitment": "certain"}], -32602),
        ("getSignatureStatuses", [["x"]], -32602),
        ("getSignatureStatuses", [["x"] * 257], -32602),
        ("sendTransaction", ["AAAA", {"encoding": "base64"}], -32602),
        ("sendTransaction", ["%%%", {"encoding": "base64"}], -32602),
        ("sendTransaction", ["0OIl"], -32602),
        ("getMinimumBalanceForRentExemption", [-1], -32602),
        ("getFeeForMessage", ["AAAA"], -32602),
    ],
)
async def test_a_wrong_call_has_the_code_of_a_real_node(
    world: World, method: str, params: list[object], code: int
) -> None:
    assert (await error_of(world, method, *params))["code"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", -32700), (b"[]", -32600), (b"5", -32600), (b'{"id":1}', -32600)],
)
async def test_what_is_no_call_is_refused(world: World, body: bytes, code: int) -> None:
    answer = await world.http.post("/solana", content=body)

    assert answer.json()["error"]["code"] == code


async def test_a_batch_is_answered_in_order_and_notifications_are_not(world: World) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "getHealth"},
        {"jsonrpc": "2.0", "method": "getHealth"},
        {"jsonrpc": "2.0", "id": "two", "method": "nothing"},
    ]

    answers = (await world.http.post("/solana", json=batch)).json()

    assert [answer["id"] for answer in answers] == [1, "two"]
    assert answers[0]["result"] == "ok"
    assert answers[1]["error"]["code"] == -32601


async def test_the_supply_is_what_was_minted(world: World) -> None:
    mint = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"

    answer = (await world.call("getTokenSupply", mint)).json()["result"]["value"]

    assert answer["uiAmountString"] == "100"
    assert answer["decimals"] == 6
