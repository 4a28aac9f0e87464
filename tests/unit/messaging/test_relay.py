import asyncio
from collections.abc import Sequence
from functools import partial

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from infrastructure.db.positions import START, Logged, Position
from infrastructure.messaging.channels import ALL_CHANNELS, OPERATIONS, channel_name, channel_of
from infrastructure.messaging.memory import MemoryExchange
from infrastructure.workers import relay as relaying
from infrastructure.workers.relay import Progress, heartbeats, number
from tests.unit.messaging.relay_support import (
    NOTHING_YET,
    MemoryStore,
    MemoryTenure,
    Recorder,
    make_relay,
    running,
)
from tests.unit.messaging.support import (
    ALICE,
    BOB,
    CAROL,
    MemoryLog,
    booked,
    event,
    eventually,
)

ALICES = channel_name(channel_of(ALICE))
BOBS = channel_name(channel_of(BOB))
ALL = channel_name(OPERATIONS)


class Stage:
    """A log, a store and a lease that several relays share, and what they published."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.tenure = MemoryTenure()
        self.store = MemoryStore(self.tenure)
        self.out = Recorder()

    def relay(self, holder: str = "first", *, lease_seconds: float = 6.0) -> relaying.Relay:
        return make_relay(
            self.log,
            self.out,
            store=self.store,
            tenure=self.tenure,
            holder=holder,
            lease_seconds=lease_seconds,
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases, waits and heartbeats that a test can sit through."""
    monkeypatch.setattr(relaying, "STANDBY_SECONDS", 0.01)
    monkeypatch.setattr(relaying, "SAVE_SECONDS", 0.05)
    monkeypatch.setattr(relaying, "HEARTBEAT_SECONDS", 0.02)


# ------------------------------------------------------------------ numbering


def test_each_channel_is_numbered_densely_and_apart() -> None:
    log = MemoryLog()
    log.append(event(1), booked(2), event(1, wallet_id=BOB, stream=2), event(3, wallet_id=CAROL))
    batch, progress = number(log.events, NOTHING_YET)
    recorder = Recorder()
    asyncio.run(recorder.publish(batch))
    assert recorder.offsets(ALICES) == [1, 2, 3]
    assert recorder.offsets(BOBS) == [1, 2]
    assert recorder.offsets(ALL) == [1, 2, 3, 4]
    assert progress.cursor == log.events[-1].position
    assert progress.offsets[OPERATIONS] == 4


def test_numbering_again_from_the_same_progress_gives_the_same_frames() -> None:
    log = MemoryLog()
    log.append(event(1), booked(2), event(3))
    progress = Progress(START, tuple(range(ALL_CHANNELS)))
    assert number(log.events, progress) == number(log.events, progress)


def test_numbering_does_not_depend_on_how_the_log_is_cut() -> None:
    log = MemoryLog()
    log.append(*(booked(sequence) for sequence in range(1, 8)))
    whole, end = number(log.events, NOTHING_YET)
    parts, progress = [], NOTHING_YET
    for cut in (log.events[:3], log.events[3:4], log.events[4:]):
        part, progress = number(cut, progress)
        parts += part
    assert (parts, progress) == (whole, end)


def test_nothing_new_moves_nothing() -> None:
    progress = Progress(Position(1, 2, 3), tuple(range(ALL_CHANNELS)))
    assert number([], progress) == ([], progress)


def test_a_heartbeat_goes_to_every_channel() -> None:
    beats = heartbeats(Progress(START, tuple(range(ALL_CHANNELS))))
    assert [channel for channel, _ in beats] == [channel_name(n) for n in range(ALL_CHANNELS)]


# ------------------------------------------------------------------ at work


async def test_publishes_everything_in_order(stage: Stage) -> None:
    stage.log.append(*(event(sequence) for sequence in range(1, 1201)))
    async with running(stage.relay()):
        await eventually(lambda: len(stage.out.offsets(ALICES)) == 1200)
        stage.log.append(event(1201))
        await eventually(lambda: len(stage.out.offsets(ALICES)) == 1201)
    assert stage.out.sequences(ALICES) == list(range(1, 1202))
    assert stage.out.offsets(ALICES) == list(range(1, 1202))


async def test_a_wake_up_is_quicker_than_the_poll(stage: Stage) -> None:
    relay = relaying.Relay(
        log=stage.log,
        store=stage.store,
        tenure=stage.tenure,
        publisher=stage.out,
        poll_seconds=60,
    )
    async with running(relay):
        await eventually(lambda: relay.active)
        await asyncio.sleep(0.05)
        stage.log.append(event(1))
        relay.doorbell.ring()
        await eventually(lambda: stage.out.sequences(ALICES) == [1], seconds=2)


@pytest.mark.usefixtures("quick")
async def test_heartbeats_follow_what_was_published(stage: Stage) -> None:
    async with running(stage.relay()):
        stage.log.append(event(1), event(2))
        await eventually(lambda: any(beat.offset == 2 for beat in stage.out.beats(ALICES)))
    beat = stage.out.beats(ALICES)[-1]
    assert (beat.offset, beat.position) == (2, stage.log.events[-1].position)


async def test_the_cursor_is_stored_now_and_then_and_at_the_end(stage: Stage) -> None:
    async with running(stage.relay()):
        for sequence in range(1, 21):
            stage.log.append(event(sequence))
            await eventually(partial(stage.out.has_published, ALICES, sequence))
        assert stage.store.saves == 0
    assert stage.store.saves == 1
    assert stage.store.progress.cursor == stage.log.events[-1].position
    assert stage.tenure.holder is None


async def test_a_long_backlog_is_stored_on_the_way(stage: Stage) -> None:
    stage.log.append(*(event(sequence) for sequence in range(1, 2_501)))
    async with running(stage.relay()):
        await eventually(lambda: stage.store.saves > 0)


async def test_an_idle_relay_writes_nothing(stage: Stage, quick: None) -> None:
    async with running(stage.relay()):
        await eventually(lambda: len(stage.out.beats(ALICES)) > 5)
    assert stage.store.saves == 0


# ------------------------------------------------------------------ the transport fails


async def test_a_batch_is_published_until_all_of_it_is_taken(stage: Stage) -> None:
    stage.out.failures = [RedisConnectionError("away"), TimeoutError()]
    stage.log.append(*(event(sequence) for sequence in range(1, 5)))
    async with running(stage.relay()):
        await eventually(lambda: stage.out.sequences(ALICES)[-4:] == [1, 2, 3, 4])
    whole = [1, 2, 3, 4]
    assert stage.out.sequences(ALICES) == [1, 2, 1, 2, *whole]
    assert stage.out.offsets(ALICES) == stage.out.sequences(ALICES)


async def test_while_the_transport_is_away_the_lease_is_kept(stage: Stage, quick: None) -> None:
    exchange = MemoryExchange()
    exchange.go_away()
    relay = make_relay(
        stage.log, exchange, store=stage.store, tenure=stage.tenure, lease_seconds=0.03
    )
    stage.log.append(event(1))
    async with running(relay):
        await eventually(lambda: relay.active)
        await asyncio.sleep(0.1)
        assert (relay.active, relay.published_events) == (True, 0)
        stage.tenure.expire()
        assert await stage.tenure.acquire("second", seconds=1) is not None
        await eventually(lambda: not relay.active)


# ------------------------------------------------------------------ one after another


@pytest.mark.usefixtures("quick")
async def test_a_standby_relays_nothing_until_the_first_has_gone(stage: Stage) -> None:
    second = stage.relay("second")
    async with running(stage.relay("first")) as first:
        await eventually(lambda: first.active)
        async with running(second):
            stage.log.append(event(1))
            await eventually(lambda: stage.out.sequences(ALICES) == [1])
            assert second.published_events == 0
    async with running(second):
        stage.log.append(event(2))
        await eventually(lambda: second.published_events == 1)
    assert stage.out.sequences(ALICES) == [1, 2]


@pytest.mark.usefixtures("quick")
async def test_a_takeover_publishes_again_with_the_same_offsets(stage: Stage) -> None:
    first, second = stage.relay("first"), stage.relay("second")
    stage.log.append(event(1), booked(2), event(1, wallet_id=BOB, stream=2))
    async with running(first):
        await eventually(lambda: len(stage.out.events(ALL)) == 3)
        stage.tenure.expire()  # as if the first had hung
        stage.log.append(booked(3))
        stage.store.progress = NOTHING_YET  # and had stored nothing
        async with running(second):
            await eventually(lambda: second.published_events == 4)
            await eventually(lambda: not first.active)
    for channel, count in ((ALICES, 3), (BOBS, 3), (ALL, 4)):
        frames = stage.out.events(channel)
        numbered = {(frame.message.position, frame.offset) for frame in frames}
        assert [offset for _, offset in sorted(numbered)] == list(range(1, count + 1))
        assert len(frames) > count


@pytest.mark.usefixtures("quick")
async def test_who_lost_the_lease_stores_nothing_more(stage: Stage) -> None:
    stage.log.append(event(1))
    async with running(stage.relay("first")) as first:
        await eventually(lambda: stage.store.saves == 1)
        stage.tenure.holder, stage.tenure.epoch = "second", 7
        stage.log.append(event(2))
        await eventually(lambda: not first.active)
    assert stage.store.progress.cursor == stage.log.events[0].position
    assert stage.tenure.holder == "second"


# ------------------------------------------------------------------ the database fails


class BrokenLog(MemoryLog):
    """Fails some reads, then works."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    async def read_events(self, cursor: Position, limit: int) -> Sequence[Logged]:
        if self.errors:
            raise self.errors.pop(0)
        return await super().read_events(cursor, limit)


@pytest.mark.parametrize("error", [OSError("the database is away"), RuntimeError("a defect")])
async def test_goes_on_after_what_happens_to_the_database(error: Exception) -> None:
    log, tenure, out = BrokenLog(error, error), MemoryTenure(), Recorder()
    log.append(event(1), event(2))
    relay = make_relay(log, out, store=MemoryStore(tenure), tenure=tenure)
    async with running(relay):
        await eventually(lambda: out.sequences(ALICES) == [1, 2])
