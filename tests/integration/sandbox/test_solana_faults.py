import time

import pytest

from infrastructure.chains.solana.errors import RpcRateLimited, RpcRejected, RpcTimeout
from infrastructure.chains.solana.model import Absence, BroadcastKind
from infrastructure.chains.solana.verification import signature_of
from tests.integration.sandbox.conftest import World

SEND = ["sendTransaction"]


async def test_a_dropped_broadcast_is_accepted_and_never_lands(world: World) -> None:
    prepared = await world.prepared()
    transaction = world.signed(prepared)
    await world.control("faults", {"kind": "drop_broadcasts", "remaining": 1})

    outcome = await world.gateway.broadcast(transaction)

    assert outcome.kind is BroadcastKind.ACCEPTED
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 0
    await world.control("advance", {"slots": 1000})
    absence = await world.gateway.prove_absence(
        signature_of(transaction), prepared.last_valid_block_height
    )
    assert absence is Absence.ABSENT


@pytest.mark.parametrize(
    ("kind", "received"), [("timeout_after_executing", 25_000_000), ("timeout_before_executing", 0)]
)
async def test_a_timeout_leaves_the_outcome_unknown(world: World, kind: str, received: int) -> None:
    transaction = await world.transfer()
    await world.control("faults", {"kind": kind, "methods": SEND, "remaining": 1, "hang_ms": 1})

    outcome = await world.gateway.broadcast(transaction)

    assert outcome.kind is BroadcastKind.UNKNOWN
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == received
    assert (await world.gateway.broadcast(transaction)).kind is BroadcastKind.ACCEPTED
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 25_000_000


async def test_a_rate_limit_says_when_to_come_back(world: World) -> None:
    transaction = await world.transfer()
    await world.control("faults", {"kind": "rate_limit", "retry_after_seconds": 9})

    outcome = await world.gateway.broadcast(transaction)

    assert outcome.kind is BroadcastKind.NOT_ATTEMPTED
    assert outcome.retry_after_seconds == 9.0
    with pytest.raises(RpcRateLimited):
        await world.gateway.statuses([signature_of(transaction)])


async def test_errors_of_the_node_and_of_a_proxy(world: World) -> None:
    await world.control("faults", {"kind": "error", "code": -32005, "message": "behind"})
    with pytest.raises(RpcRejected, match="behind"):
        await world.gateway.rpc.slot()
    await world.control("faults", method="DELETE")

    await world.control("faults", {"kind": "error", "http_status": 503})
    with pytest.raises(RpcTimeout):
        await world.gateway.rpc.slot()


async def test_reads_survive_a_blip(world: World) -> None:
    await world.control("faults", {"kind": "error", "http_status": 503, "remaining": 2})

    assert await world.gateway.rpc.slot() > 0


async def test_latency_applies_to_the_methods_named(world: World) -> None:
    fault = {"kind": "latency", "latency_ms": 60, "methods": ["getSlot"]}
    await world.control("faults", [fault])
    started = time.monotonic()
    await world.gateway.rpc.block_height()
    undelayed = time.monotonic() - started
    await world.gateway.rpc.slot()

    assert time.monotonic() - started - undelayed >= 0.06


async def test_faults_are_shown_and_cleared(world: World) -> None:
    await world.control("faults", {"kind": "rate_limit", "remaining": 3})
    shown = await world.control("faults", method="GET")

    assert isinstance(shown, dict)
    assert [fault["kind"] for fault in shown["faults"]] == ["rate_limit"]
    assert await world.control("faults", method="DELETE") == {"faults": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "nonsense"}),
        ("timing", {"slot_ms": 0}),
        ("timing", {"confirm_ms": 5000}),
        ("mint", {"owner": "nobody", "amount": "1"}),
        ("mint", {"owner": "11111111111111111111111111111111", "amount": "0.0000001"}),
        ("mint", {"owner": "11111111111111111111111111111111", "amount": "NaN"}),
        ("airdrop", {"address": "11111111111111111111111111111111", "lamports": -1}),
        ("advance", {"slots": 0}),
        ("advance", []),
    ],
)
async def test_orders_that_make_no_sense_are_refused(world: World, path: str, body: object) -> None:
    answer = await world.http.post(f"/control/solana/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
