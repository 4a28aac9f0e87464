"""Two processes' guards over one Valkey, and what they do when it is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from domain.provider.breaker import TOKEN, GuardLimits, Phase
from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.guard import guards as guards_module
from infrastructure.guard import states as states_module
from infrastructure.guard.guards import Guards
from infrastructure.guard.states import GuardStates
from infrastructure.http import HttpClient, HttpResponse, HttpTimeout, HttpUnavailable
from infrastructure.messaging.backend import redis_client
from infrastructure.providers.calls import Call, Caller
from infrastructure.providers.setbacks import Setbacks
from tests.conftest import Servers

LIMITS = GuardLimits(
    failures_in_row_max=5,
    failure_share=350_000,
    attempts_min=20,
    window_ms=300_000,
    open_ms=60_000,
    calls_per_minute=60_000,
    burst=1_000,
    concurrent_max=8,
    call_ms_max=60_000,
)
URL = "http://provider.test/quote"
NOWHERE = "redis://127.0.0.1:1"


@dataclass
class Provider:
    """Answers as it is told, counts who comes."""

    status: int = 200
    body: bytes = b'"fine"'
    asked: int = 0
    under_way: int = 0
    most: int = 0
    error: type[httpx.TransportError] | None = None
    seconds: float = 0.0

    async def handle(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            if self.error is not None:
                raise self.error("told to")
            return httpx.Response(self.status, content=self.body)
        finally:
            self.under_way -= 1


@dataclass
class Stage:
    """Each `process` has a connection and a client of its own."""

    servers: Servers
    provider: Provider = field(default_factory=Provider)
    name: str = field(default_factory=lambda: f"provider-{uuid4().hex}")
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    limits: GuardLimits = LIMITS

    @asynccontextmanager
    async def process(self, url: str | None = None) -> AsyncIterator["Process"]:
        redis = redis_client(url or self.servers.valkey_url)
        guards = Guards(GuardStates(redis), lambda _name: self.limits, lambda: self.now)
        transport = httpx.MockTransport(self.provider.handle)
        async with HttpClient(transport=transport, timeout_seconds=1) as client:
            yield Process(guards, client.guarded(guards.of(self.name)), self.name)
        await guards.aclose()
        await redis.aclose()


@dataclass
class Process:
    guards: Guards
    client: HttpClient
    name: str

    async def call(self) -> HttpResponse:
        try:
            return await self.client.request("POST", URL)
        finally:
            await self.guards.aclose()

    async def fail(self, times: int = 5) -> None:
        for _ in range(times):
            with pytest.raises(HttpTimeout):
                await self.call()

    async def phase(self) -> Phase:
        return await self.guards.phase(self.name)


@pytest.fixture
def stage(servers: Servers) -> Stage:
    return Stage(servers)


async def test_what_one_process_saw_keeps_the_other_away(stage: Stage) -> None:
    async with stage.process() as one, stage.process() as two:
        stage.provider.error = httpx.ReadError
        await one.fail(3)
        await two.fail(2)
        asked = stage.provider.asked

        for process in (one, two):
            assert await process.phase() is Phase.OPEN
            with pytest.raises(HttpUnavailable, match="breaker"):
                await process.call()
        assert stage.provider.asked == asked == 5

        stage.provider.error = None
        stage.now += timedelta(seconds=60)
        assert (await two.call()).status == 200
        assert await one.phase() is Phase.CLOSED


async def test_one_probe_for_all_processes(stage: Stage) -> None:
    async with stage.process() as one, stage.process() as two:
        stage.provider.error = httpx.ReadError
        await one.fail()
        stage.provider.error, stage.provider.seconds, stage.provider.asked = None, 0.2, 0
        stage.now += timedelta(seconds=60)

        answers = await asyncio.gather(
            *(process.call() for process in (one, two) * 5), return_exceptions=True
        )

        assert sum(isinstance(answer, HttpResponse) for answer in answers) == 1
        assert stage.provider.asked == 1


async def test_a_refused_call_was_not_attempted_and_is_no_failure(stage: Stage) -> None:
    def declined(response: HttpResponse) -> Declined:
        return Declined(code="PRV_DECLINED", reason=str(response.status))

    async with stage.process() as process:
        caller = Caller(process.client, Setbacks(provider="p", declined=declined))
        call = Call(method="POST", url=URL, headers={}, timeout_seconds=1, changes=True)
        stage.provider.error = httpx.ReadError
        await process.fail()

        assert isinstance(await caller.make(call, str), NotAttempted)


@pytest.mark.parametrize("status", [500, 503, 408])
async def test_errors_of_the_server_count(stage: Stage, status: int) -> None:
    stage.provider.status = status
    async with stage.process() as process:
        for _ in range(5):
            await process.call()
        assert await process.phase() is Phase.OPEN


@pytest.mark.parametrize("status", [400, 402, 404, 422, 429])
async def test_a_clear_no_does_not_count(stage: Stage, status: int) -> None:
    stage.provider.status = status
    async with stage.process() as process:
        for _ in range(30):
            await process.call()
        assert await process.phase() is Phase.CLOSED


async def test_what_cannot_be_read_counts(stage: Stage) -> None:
    def declined(_response: HttpResponse) -> Declined:
        raise AssertionError

    stage.provider.body = b"<html>"
    async with stage.process() as process:
        caller = Caller(process.client, Setbacks(provider="p", declined=declined))
        call = Call(method="GET", url=URL, headers={}, timeout_seconds=1)
        for _ in range(5):
            await caller.make(call, str)
            await process.guards.aclose()
        assert await process.phase() is Phase.OPEN


async def test_a_caller_that_gives_up_late_counts_as_no_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards_module, "PATIENCE_SECONDS", 0.05)
    stage.provider.seconds = 1
    async with stage.process() as process:
        for seconds in (0.01, *[0.1] * 5):
            assert await process.phase() is Phase.CLOSED
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(process.call(), seconds)
            await process.guards.aclose()
        assert await process.phase() is Phase.OPEN


async def test_at_once_are_so_many_in_all_processes(stage: Stage) -> None:
    """Who finds no place waits for one."""
    stage.provider.seconds = 0.05
    async with stage.process() as one, stage.process() as two:
        await asyncio.gather(*(process.call() for process in (one, two) * 12))
        assert stage.provider.asked == 24
        assert stage.provider.most <= LIMITS.concurrent_max


async def test_the_rate_is_shared(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards_module, "WAIT_SECONDS_MAX", 0.0)
    stage.limits = replace(LIMITS, burst=6, calls_per_minute=60)
    async with stage.process() as one, stage.process() as two:
        for process in (one, two) * 3:
            await process.call()
        for process in (one, two):
            with pytest.raises(HttpUnavailable, match="rate"):
                await process.call()
        stage.now += timedelta(seconds=1)
        await two.call()


async def test_without_redis_each_process_guards_itself(stage: Stage) -> None:
    async with stage.process(NOWHERE) as alone:
        assert (await alone.call()).status == 200
        stage.provider.error = httpx.ReadError
        await alone.fail()
        assert await alone.phase() is Phase.OPEN
        with pytest.raises(HttpUnavailable, match="breaker"):
            await alone.call()


async def test_without_redis_each_takes_its_part(stage: Stage) -> None:
    stage.provider.seconds = 0.02
    async with stage.process(NOWHERE) as alone:
        await asyncio.gather(*(alone.call() for _ in range(10)))
        assert stage.provider.most <= LIMITS.concurrent_max // 4


async def test_what_was_learnt_alone_is_shared_when_redis_is_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.process() as one, stage.process() as two:
        await one.call()
        states = one.guards._states
        monkeypatch.setattr(states, "_away_until", float("inf"))
        stage.provider.error = httpx.ReadError
        await one.fail()
        assert await two.phase() is Phase.CLOSED

        monkeypatch.setattr(states, "_away_until", 0.0)
        with pytest.raises(HttpUnavailable, match="breaker"):
            await one.call()
        assert await two.phase() is Phase.OPEN


async def test_each_node_of_a_chain_has_a_breaker_of_its_own(stage: Stage) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500 if request.url.path.startswith("/first") else 200)

    nodes = ("http://node.test/first", "http://node.test/second")
    async with (
        stage.process() as process,
        HttpClient(transport=httpx.MockTransport(handle)) as client,
    ):
        guarded = client.guarded(process.guards.of_nodes(stage.name, nodes))
        for _ in range(5):
            await guarded.request("POST", f"{nodes[0]}/tx")
            await process.guards.aclose()
        with pytest.raises(HttpUnavailable, match="breaker"):
            await guarded.request("POST", f"{nodes[0]}/tx")
        assert (await guarded.request("POST", f"{nodes[1]}/tx")).status == 200


async def test_calls_that_ended_while_redis_was_away_hold_no_place(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call of each begins before and ends meanwhile: neither counts as under way after it."""
    stage.provider.seconds = 0.2
    stage.limits = replace(LIMITS, concurrent_max=2)
    async with stage.process() as one, stage.process() as two:
        begun = [asyncio.create_task(process.call()) for process in (one, two)]
        await asyncio.sleep(0.1)
        states = one.guards._states
        monkeypatch.setattr(states, "_away_until", float("inf"))
        await asyncio.gather(*begun)
        await one.call()
        monkeypatch.setattr(states, "_away_until", 0.0)

        await one.call()
        assert (await states.look(stage.name)).leases == ()


async def test_many_at_once_are_all_counted(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is too slow for Redis here is the machine
    monkeypatch.setattr(states_module, "REDIS_SECONDS_MAX", 10.0)
    stage.provider.status = 422
    stage.limits = replace(LIMITS, concurrent_max=64, calls_per_minute=1, burst=500)
    async with stage.process() as one, stage.process() as two, stage.process() as three:
        await asyncio.gather(*(process.call() for process in (one, two, three) * 100))
        state = await one.guards._states.look(stage.name)
    assert sum(slot.attempts for slot in state.slots) == 300
    assert state.spent == 300 * TOKEN
    assert state.leases == ()
    assert not caplog.records
