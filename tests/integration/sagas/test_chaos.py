"""Six hundred sends while processes of every role die by `kill -9` and the node misbehaves."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from infrastructure.http import HttpError
from tests.conftest import Database
from tests.integration.sagas.customers import Phone, Progress, Sent, crowd, wishes
from tests.integration.sagas.processes import API, RELAY, SANDBOX, WORKER, Platform
from tests.integration.sagas.stage import stage

SECONDS_MAX: Final = 600

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.chaos,
    pytest.mark.timeout(SECONDS_MAX),
]

SEED: Final = 20_251_126
SENDS: Final = 600
LEFT_UNSIGNED: Final = 30
CUSTOMERS: Final = 32
# Blockhashes die young: what is dropped twice expires, and its user is asked again.
TIMING: Final = {"confirm_ms": 200, "finalize_ms": 400, "slot_ms": 50, "blockhash_slots": 170}
KILLS: Final = [WORKER] * 12 + [API] * 5 + [RELAY] * 5 + [SANDBOX] * 2
# The first events are heard by then: from there on every listener has a cursor to go on after.
FIRST_KILL: Final = CUSTOMERS * 2
# Below this, the faults came beside the sends, and all this would show nothing.
TROUBLED_MIN: Final = 10
_TROUBLED: Final = """
    SELECT count(DISTINCT stream_id) FROM outbox
    WHERE type IN ('OutcomeUnknown', 'SolanaTransferExpired')
"""
FAULTS: Final[list[dict[str, object]]] = [
    {"kind": "drop_broadcasts", "remaining": 3},
    {"kind": "rate_limit", "remaining": 4, "retry_after_seconds": 1},
    {"kind": "rate_limit", "remaining": 2, "methods": ["sendTransaction"]},
    {"kind": "error", "remaining": 3},
    {"kind": "error", "remaining": 2, "methods": ["sendTransaction"]},
    {"kind": "error", "remaining": 2, "code": -32005, "message": "Node is behind"},
    {"kind": "error", "remaining": 2, "http_status": 503},
    {"kind": "error", "remaining": 1, "http_status": 500, "methods": ["sendTransaction"]},
    {"kind": "latency", "remaining": 6, "latency_ms": 700},
    {
        "kind": "timeout_before_executing",
        "remaining": 1,
        "hang_ms": 6_000,
        "methods": ["sendTransaction"],
    },
    {
        "kind": "timeout_after_executing",
        "remaining": 1,
        "hang_ms": 6_000,
        "methods": ["sendTransaction"],
    },
]


async def kill_all_kinds(platform: Platform, progress: Progress, chance: random.Random) -> None:
    """Spread over the run in random order; whoever falls is followed by another."""
    roles = chance.sample(KILLS, len(KILLS))
    moments = sorted(chance.sample(range(FIRST_KILL, SENDS - CUSTOMERS), len(roles)))
    for role, begun in zip(roles, moments, strict=True):
        await progress.reaches(begun)
        await asyncio.sleep(chance.uniform(0, 0.3))
        platform.fleet.kill(chance.choice(platform.fleet.running(role)))
        await platform.start(role)


@asynccontextmanager
async def misbehaving(platform: Platform, chance: random.Random) -> AsyncIterator[None]:
    """A few of the node's calls go wrong each second, in changing ways, while the block lasts."""
    trouble = asyncio.create_task(_add_faults(platform, chance))
    try:
        yield
    finally:
        trouble.cancel()
        await asyncio.wait({trouble})
    await platform.order("faults", None, method="DELETE")


async def _add_faults(platform: Platform, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0.5, 1.5))
        # The sandbox may be dead just now.
        with contextlib.suppress(HttpError):
            await platform.order("faults", chance.choice(FAULTS))


async def sign_what_waits(phones: Sequence[Phone], sent: Sequence[Sent]) -> None:
    """The same wish with the same key is the same send, signed this time."""

    async def sign(left: Sent) -> None:
        phone = next(phone for phone in phones if phone.customer == left.sender)
        again = await phone.send(replace(left.wish, signed=True))
        assert again.transaction_id == left.transaction_id

    await asyncio.gather(*(sign(left) for left in sent if not left.wish.signed))


async def test_sends_survive_everything_at_once(tmp_path: Path, database: Database) -> None:
    chance, progress = random.Random(SEED), Progress()
    async with stage(tmp_path, database, timing=TIMING, workers=2, customers=CUSTOMERS) as set_up:
        platform, phones = set_up.platform, set_up.phones
        customers = [phone.customer for phone in phones]
        wanted = wishes(customers, sends=SENDS, unsigned=LEFT_UNSIGNED, chance=chance)

        async with misbehaving(platform, chance), asyncio.TaskGroup() as group:
            sending = group.create_task(crowd(phones, wanted, progress))
            group.create_task(kill_all_kinds(platform, progress, chance))

        audit = set_up.audit(sending.result())
        states = await audit.run()
        assert states["PROVIDER_PROCESSING"] == LEFT_UNSIGNED
        await sign_what_waits(phones, sending.result())
        states = await audit.run()
        assert set(states) <= {"COMPLETED", "TXN_EXPIRED"}
        assert await set_up.pool.fetchval(_TROUBLED) > TROUBLED_MIN
        assert sorted(platform.fleet.killed) == sorted(KILLS)
        assert platform.fleet.stop() == {API: [0], RELAY: [0], WORKER: [0, 0], SANDBOX: [0]}
        assert platform.fleet.defects() == []
