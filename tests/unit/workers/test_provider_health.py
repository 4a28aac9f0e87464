import asyncio
import logging
from collections.abc import Collection, Iterator

import pytest

from infrastructure.workers import provider_health
from infrastructure.workers.provider_health import ProviderHealthWatch


class Kept:
    """What the checks said; a turn is free unless it is taken."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self.taken: set[str] = set()

    async def claim(self, providers: Collection[str], *, seconds: float) -> Collection[str]:
        assert seconds == 29
        return set(providers) - self.taken

    async def told(self, provider: str, *, healthy: bool) -> int:
        self.failures[provider] = 0 if healthy else self.failures.get(provider, 0) + 1
        return self.failures[provider]


class Provider:
    def __init__(self, answers: list[object]) -> None:
        self.answers: Iterator[object] = iter(answers)

    async def healthy(self) -> bool:
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        if answer == "hangs":
            await asyncio.sleep(60)
        return answer == "+"


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "unhealthy" in record.message]


async def test_the_alarm_is_raised_from_the_third_failure_in_a_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider, kept = Provider([*"--+----+"]), Kept()
    watch = ProviderHealthWatch({"ramp": provider.healthy}, kept)
    for _ in range(8):
        await watch.look()
    assert alarms(caplog) == [
        "the provider ramp is unhealthy: 3 checks in a row failed",
        "the provider ramp is unhealthy: 4 checks in a row failed",
    ]
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert kept.failures == {"ramp": 0}


@pytest.mark.parametrize("answer", ["hangs", ValueError("a mistake")])
async def test_no_answer_and_our_own_mistakes_are_failures(
    answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_health, "CHECK_SECONDS_MAX", 0.01)
    well, ill, kept = Provider(["+"]), Provider([answer]), Kept()
    await ProviderHealthWatch({"well": well.healthy, "ill": ill.healthy}, kept).look()
    assert kept.failures == {"well": 0, "ill": 1}


async def test_another_process_has_this_turn() -> None:
    kept = Kept()
    kept.taken.add("ramp")
    await ProviderHealthWatch({"ramp": Provider([]).healthy}, kept).look()
    assert kept.failures == {}
