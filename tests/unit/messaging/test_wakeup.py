import asyncio
from collections.abc import AsyncIterator

import pytest

from infrastructure.messaging.channels import WAKEUP
from infrastructure.messaging.memory import MemoryExchange
from infrastructure.workers.wakeup import Doorbell, WakeupListener, WakeupPublisher
from tests.unit.messaging.support import eventually


class SlowPublisher:
    """Takes each batch when it is let; fails where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, str]]] = []
        self.let = asyncio.Semaphore(0)
        self.error: OSError | None = None

    async def publish(self, batch: list[tuple[str, str]]) -> None:
        self.batches.append(batch)
        await self.let.acquire()
        if self.error is not None:
            raise self.error


@pytest.fixture
async def publisher() -> SlowPublisher:
    return SlowPublisher()


@pytest.fixture
async def wakeups(publisher: SlowPublisher) -> AsyncIterator[WakeupPublisher]:
    made = WakeupPublisher(publisher)
    yield made
    await made.aclose()


async def test_commits_meanwhile_share_one_message_sent_after_them(
    publisher: SlowPublisher, wakeups: WakeupPublisher
) -> None:
    wakeups.notify()
    await eventually(lambda: len(publisher.batches) == 1)
    for _ in range(5):
        wakeups.notify()
    publisher.let.release()
    await eventually(lambda: len(publisher.batches) == 2)
    publisher.let.release()
    await asyncio.sleep(0.01)
    assert [batch[0][0] for batch in publisher.batches] == [WAKEUP, WAKEUP]


async def test_a_failure_is_left_to_the_pollers(
    publisher: SlowPublisher, wakeups: WakeupPublisher
) -> None:
    publisher.error = ConnectionError("away")
    publisher.let.release()
    wakeups.notify()
    await eventually(lambda: len(publisher.batches) == 1)
    publisher.error = None
    await asyncio.sleep(0)
    wakeups.notify()
    await eventually(lambda: len(publisher.batches) == 2)


async def test_a_listener_is_called_for_news_and_for_what_may_be_lost() -> None:
    exchange = MemoryExchange()
    rung = asyncio.Event()
    async with WakeupListener(exchange.backend(), rung.set):
        await asyncio.sleep(0)
        await exchange.publish([(WAKEUP, "news")])
        await asyncio.wait_for(rung.wait(), 1)
        rung.clear()
        exchange.drop_connections()
        await asyncio.wait_for(rung.wait(), 1)


async def seconds_of_wait(doorbell: Doorbell) -> float:
    clock = asyncio.get_running_loop().time
    started = clock()
    await doorbell.wait()
    return clock() - started


async def test_without_news_a_doorbell_waits_for_the_poll() -> None:
    assert await seconds_of_wait(Doorbell(poll_seconds=0.05)) >= 0.04


async def test_after_news_it_looks_again_soon_four_times() -> None:
    doorbell = Doorbell(poll_seconds=60)
    doorbell.ring()
    for _ in range(1 + len(Doorbell.STEPS_SECONDS)):
        async with asyncio.timeout(1):
            await doorbell.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await doorbell.wait()


async def test_what_rings_while_nobody_waits_is_not_lost() -> None:
    doorbell = Doorbell(poll_seconds=60)
    doorbell.ring()
    doorbell.ring()
    async with asyncio.timeout(1):
        await doorbell.wait()
