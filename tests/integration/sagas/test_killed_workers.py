"""Workers die by `kill -9` in the middle of two hundred sends: nothing is lost or done twice."""

import asyncio
import random
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Database
from tests.integration.sagas.customers import Progress, crowd, wishes
from tests.integration.sagas.processes import API, RELAY, SANDBOX, WORKER, Platform
from tests.integration.sagas.stage import stage

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.slow,
    # A quiet machine takes half a minute; one that others use takes its time.
    pytest.mark.timeout(300),
]

SEED: Final = 20_251_125
SENDS: Final = 200
LEFT_UNSIGNED: Final = 12
CUSTOMERS: Final = 20
KILLS: Final = 5
# Time enough between broadcast and confirmation to die there, and no more.
TIMING: Final = {"confirm_ms": 200, "finalize_ms": 400, "slot_ms": 100, "blockhash_slots": 900}
_TAKEN_OVER: Final = "SELECT count(*) FROM effect WHERE tries > 1"


async def kill_workers(platform: Platform, progress: Progress, chance: random.Random) -> None:
    """Spread over the run. One falls and another comes, while a second is there already; the third
    time nobody is left for a moment."""
    for number, begun in enumerate(sorted(chance.sample(range(20, SENDS - 40), KILLS))):
        await progress.reaches(begun)
        await asyncio.sleep(chance.uniform(0, 0.3))
        workers = platform.fleet.running(WORKER)
        fallen = workers if number == 2 else [chance.choice(workers)]
        for worker in fallen:
            platform.fleet.kill(worker)
        await asyncio.gather(*(platform.start(WORKER) for _ in fallen))


async def test_sends_survive_their_workers(tmp_path: Path, database: Database) -> None:
    chance, progress = random.Random(SEED), Progress()
    async with stage(tmp_path, database, timing=TIMING, workers=2, customers=CUSTOMERS) as set_up:
        platform, phones = set_up.platform, set_up.phones
        customers = [phone.customer for phone in phones]
        wanted = wishes(customers, sends=SENDS, unsigned=LEFT_UNSIGNED, chance=chance)

        async with asyncio.TaskGroup() as group:
            sending = group.create_task(crowd(phones, wanted, progress))
            group.create_task(kill_workers(platform, progress, chance))

        states = await set_up.audit(sending.result()).run()
        assert states == {"COMPLETED": SENDS - LEFT_UNSIGNED, "PROVIDER_PROCESSING": LEFT_UNSIGNED}
        assert platform.fleet.killed == [WORKER] * (KILLS + 1)
        # Somebody died with work in hand, or all this would show nothing.
        assert await set_up.pool.fetchval(_TAKEN_OVER) > 0
        assert platform.fleet.stop() == {API: [0], RELAY: [0], WORKER: [0, 0], SANDBOX: [0]}
        assert platform.fleet.defects() == []
