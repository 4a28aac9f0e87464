"""A protocol that fails is asked again for a while: building moves nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.envelope import Event
from domain.contracts.strategy_events import BlockchainCallRequested, ProtocolCall
from domain.provider.effects import Declined, NotAttempted
from domain.provider.leg import NO_EFFECT
from domain.provider.ports import answers
from domain.provider.ports.defi import DeFiProvider
from domain.shared.ids import EventId, StreamId, WalletId
from domain.shared.stream import Stream
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.providers.setbacks import nonsense
from infrastructure.sagas.protocols import BUILD_SECONDS_MAX, ProtocolLeg
from tests.unit.domain.send.journey import COST

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Vault:
    answer: answers.Setback

    async def deploy_strategy(self, *_offer: object, **_order: object) -> answers.Setback:
        return self.answer

    async def withdraw_from_strategy(self, *_offer: object, **_order: object) -> answers.Setback:
        return self.answer


class Gateway:
    fee_payer = "payer"


def stream(call: ProtocolCall) -> Stream:
    requested = BlockchainCallRequested(
        effect_id=NO_EFFECT,
        signer_address="owner",
        network_cost=COST,
        approval_deadline=START + timedelta(minutes=15),
        call=call,
    )
    event = Event(
        id=EventId(UUID(int=1)),
        stream_id=StreamId(UUID(int=2)),
        wallet_id=WalletId(UUID(int=3)),
        user_id=None,
        sequence=1,
        type=requested.type_name(),
        kind=requested.kind_name(),
        attempt=1,
        occurred_at=START,
        causation_id=None,
        correlation_id="test",
        data=requested,
    )
    return Stream(id=event.stream_id, wallet_id=event.wallet_id, events=(event,))


def leg(answer: answers.Setback) -> ProtocolLeg:
    return ProtocolLeg(
        cast("SolanaGateway", Gateway()),
        protocols={"kamino": cast("DeFiProvider", Vault(answer))},
    )


LAUNCH = stream(ProtocolCall(provider="kamino", offer_id="vault", owner_address="owner", amount=5))
STOP = stream(ProtocolCall(provider="kamino", offer_id="vault", owner_address="owner", shares=5))


@pytest.mark.parametrize("asked", [LAUNCH, STOP])
@pytest.mark.parametrize(
    "answer",
    [
        answers.NotAttempted(reason="HTTP 500"),
        answers.Unanswered(reason="no answer"),
        nonsense("unreadable"),
    ],
)
async def test_what_may_pass_is_asked_for_again_at_growing_pauses_and_not_for_ever(
    asked: Stream, answer: answers.Setback
) -> None:
    now, tries = START, []

    while isinstance(outcome := await leg(answer).build(asked, now), NotAttempted):
        tries.append((outcome.due_at - now).total_seconds())
        now = outcome.due_at

    assert tries == [1, 1, 2, 4, 7]
    assert (now - START).total_seconds() == BUILD_SECONDS_MAX
    assert isinstance(outcome, Declined)
    assert outcome.reason == answer.reason


@pytest.mark.parametrize("asked", [LAUNCH, STOP])
async def test_a_clear_no_ends_it_at_once(asked: Stream) -> None:
    no = answers.Declined(code="PRV_LIMIT", reason="less than the minimum")

    outcome = await leg(no).build(asked, START)

    assert outcome == Declined(code="PRV_LIMIT", reason="less than the minimum")


async def test_a_protocol_that_is_not_there_is_not_waited_for() -> None:
    nobody = stream(ProtocolCall(provider="other", offer_id="v", owner_address="o", amount=5))

    outcome = await leg(answers.NotAttempted(reason="away")).build(nobody, START)

    assert isinstance(outcome, Declined)
