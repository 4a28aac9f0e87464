"""What is made of a bridge's delivery that does not come, or of which nobody tells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.provider.effects import EffectKind
from domain.provider.ports.answers import NotAttempted
from domain.provider.ports.dex import DEXProvider, SwapState, SwapStatus
from domain.shared.ids import EffectId
from domain.shared.unit import EffectState
from infrastructure.sagas.arrivals import Arrivals, Astray
from infrastructure.sagas.deliveries import DELIVERY_DAYS_MAX, DeliveryEffects
from infrastructure.sagas.effects import EffectInHand
from infrastructure.sagas.engine import SagaEngine
from tests.unit.domain.send.journey import PROCESSES, START, Journey, allowed
from tests.unit.domain.withdraw.test_conversion import with_the_provider

IN_TIME = START + timedelta(days=DELIVERY_DAYS_MAX)
LATE = IN_TIME + timedelta(seconds=1)
UNTOLD = NotAttempted(reason="no address for statistics")
UNNAMED = SwapStatus(state=SwapState.DELIVERED, provider_status="done")
NAMED = replace(UNNAMED, target_transaction_hash="hash")


@dataclass
class Bridge:
    answer: SwapStatus | NotAttempted
    name: str = "first"

    async def check_swap_status(self, _trace: object) -> SwapStatus | NotAttempted:
        return self.answer


@dataclass
class Chain:
    found: Astray | None = None

    async def find(self, *_asked: object) -> Astray | None:
        return self.found


@dataclass
class Engine:
    """A clock is all that a look needs of it."""

    now: datetime

    def clock(self) -> datetime:
        return self.now


async def tracked(
    answer: SwapStatus | NotAttempted, now: datetime, found: Astray | None = None
) -> tuple[list[str], EffectState]:
    """The types of the events that a look at the delivery brings, and how it goes on."""
    journey = with_the_provider(Journey(groups=PROCESSES[0], facts=allowed("withdraw")))
    effects = DeliveryEffects(
        engine=cast("SagaEngine", Engine(now)),
        dexes=cast("Mapping[str, DEXProvider]", {"first": Bridge(answer)}),
        arrivals=cast("Arrivals", Chain(found)),
    )
    effect = EffectInHand(
        id=EffectId(UUID(int=1)),
        stream_id=journey.stream.id,
        kind=EffectKind.SWAP_TRACK,
        key="key",
        attempt=1,
        epoch=1,
        request={"provider": "first"},
        maybe_executed=False,
        written_here=True,
    )
    handler = await effects.handlers()[EffectKind.SWAP_TRACK](effect, journey.stream)
    assert handler is not None
    decision = handler(journey.stream, replace(journey.facts, now=now))
    (moved,) = decision.effects_moved
    assert moved.due_at is not None
    return [event.type_name() for event in decision.events], moved.state


@pytest.mark.parametrize("answer", [UNTOLD, UNNAMED, NAMED])
async def test_what_is_not_delivered_in_a_day_is_for_a_person_and_still_asked_for(
    answer: SwapStatus | NotAttempted,
) -> None:
    assert await tracked(answer, IN_TIME) == ([], EffectState.PENDING)
    assert await tracked(answer, LATE) == (["OperatorRequired"], EffectState.PENDING)


async def test_a_delivery_that_brought_nothing_is_for_a_person_at_once() -> None:
    assert await tracked(NAMED, START, Astray()) == (["OperatorRequired"], EffectState.PENDING)
