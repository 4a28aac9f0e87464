"""How long a transaction is expected to take follows what the last ones took: nothing is made up."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.shared.ids import TransactionId
from infrastructure.db.openings import OpeningReader
from tests.integration.views.stage import Stage, sending
from tests.unit.domain.send.journey import ALICE_WALLET, FIGURES

LEAST = 10
SEND = FIGURES.usual_time("SEND", method=None, usd_value=0)


async def taken(stage: Stage, kind: str, seconds: Iterable[int]) -> None:
    """Transactions of a type, each completed after so long."""
    now = datetime.now(UTC)
    for each in seconds:
        begun = now - timedelta(seconds=each)
        await stage.opened(at=begun, completed_at=now, type=kind, estimated_as=kind)


async def expected(stage: Stage) -> timedelta:
    """How long a Send that begins now is said to take, as the API's view has it."""
    history = await OpeningReader(stage.pool).durations(completed_min=LEAST)
    journey = sending()
    journey.facts = replace(journey.facts, history=history)
    journey.initiate(transaction_id=TransactionId(journey.stream.id))
    await stage.fund()
    await stage.commit(*journey.units)
    seen = await stage.views.transaction(ALICE_WALLET, TransactionId(journey.stream.id))
    assert seen is not None
    assert seen.estimated_completion is not None
    return seen.estimated_completion - seen.created_at


async def test_until_there_is_history_the_figures_tell(stage: Stage) -> None:
    await taken(stage, "SEND", [7] * (LEAST - 1))
    await taken(stage, "SELL", [900] * LEAST)

    assert await expected(stage) == timedelta(seconds=SEND.seconds)


async def test_history_tells_how_long_nine_of_ten_have_taken(stage: Stage) -> None:
    await taken(stage, "SEND", [*[8] * 9, 800])
    first = await expected(stage)

    await taken(stage, "SEND", [40] * 90)
    second = await expected(stage)

    assert first < timedelta(seconds=100)
    assert second == timedelta(seconds=40)
