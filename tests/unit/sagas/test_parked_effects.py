"""An effect whose outcome cannot be committed is left aside for a person; others go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import pytest

from domain.shared.decision import Decision, Facts
from domain.shared.ids import EffectId, StreamId, WalletId
from domain.shared.stream import Stream
from domain.shared.unit import EffectRequested, Group, Rejected
from infrastructure.db.committer import CommitterOverloaded
from infrastructure.db.lane import CommitFailed, DatabaseUnavailable
from infrastructure.sagas.effects import (
    FAILURES_MAX,
    PARKED_RETRY_SECONDS,
    Claims,
    EffectExecutor,
    EffectInHand,
)
from infrastructure.sagas.engine import (
    Decided,
    FenceLostError,
    Handler,
    SagaEngine,
    TooContendedError,
    UnitRejectedError,
)
from tests.unit.domain.send.journey import START
from tests.unit.sagas.stage import turn

STREAM = Stream(id=StreamId(UUID(int=1)), wallet_id=WalletId(UUID(int=2)))
KIND = "some.kind"
REFUSED = UnitRejectedError(Rejected("INSUFFICIENT_BALANCE", "available"))


@dataclass
class Engine:
    """What becomes of the commits, one after another; where nothing is said they succeed."""

    errors: list[Exception | None]
    groups: tuple[Group, ...] = (Group.PROVIDER,)

    async def stream(self, _stream_id: StreamId) -> Stream:
        return STREAM

    async def decide(self, *_asked: object, **_more: object) -> Decided:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return Decided(STREAM)


@dataclass
class Parked:
    calls: list[tuple[EffectId, str, float]] = field(default_factory=list)

    async def park(
        self, effect_id: EffectId, epoch: int, *, reason: str, retry_seconds: float
    ) -> None:
        assert epoch == 1
        self.calls.append((effect_id, reason, retry_seconds))


async def asks(_effect: EffectInHand, _stream: Stream) -> Handler:
    def decide(_known: Stream, _facts: Facts) -> Decision:
        return Decision()

    return decide


async def carried_out(errors: Sequence[Exception | None], *, effects: int = 1) -> Parked:
    """Each effect in turn, as often as there is an error for it."""
    parked = Parked()
    executor = EffectExecutor(
        engine=cast("SagaEngine", Engine(list(errors))),
        owner="test",
        claims=cast("Claims", parked),
        handlers={KIND: asks},
    )
    for number in range(len(errors)):
        requested = EffectRequested(
            id=EffectId(UUID(int=number % effects)),
            group=Group.PROVIDER,
            kind=KIND,
            key="key",
            attempt=1,
            request={},
            due_at=START,
        )
        executor.leased(STREAM.id, requested, 1)
        await turn()
    return parked


@pytest.mark.parametrize("error", [REFUSED, CommitFailed("a check failed"), LookupError("nothing")])
async def test_what_cannot_be_committed_again_and_again_is_parked(error: Exception) -> None:
    assert (await carried_out([error] * (FAILURES_MAX - 1))).calls == []

    parked = await carried_out([error] * (FAILURES_MAX + 1))

    reason = f"{type(error).__name__}: {error}"
    assert parked.calls == [(EffectId(UUID(int=0)), reason, PARKED_RETRY_SECONDS)] * 2


async def test_what_succeeds_in_between_is_not() -> None:
    failing: list[Exception | None] = [REFUSED] * (FAILURES_MAX - 1)

    assert (await carried_out([*failing, None, *failing])).calls == []
    assert (await carried_out(failing * 2, effects=2)).calls == []


@pytest.mark.parametrize(
    "error",
    [
        TooContendedError("others"),
        FenceLostError("another"),
        DatabaseUnavailable("down"),
        CommitterOverloaded("busy"),
        ConnectionResetError("lost"),
    ],
)
async def test_what_passes_by_itself_parks_nothing(error: Exception) -> None:
    assert (await carried_out([error] * 2 * FAILURES_MAX)).calls == []
