"""A protocol that fails is asked again for a while: building moves nothing."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.envelope import Event, EventPayload
from domain.contracts.strategy_events import (
    BlockchainCallRequested,
    ProtocolCall,
    StrategyLaunchInitiated,
    StrategyTerms,
)
from domain.provider.effects import Declined, NotAttempted, StrategyChanged, WorthLess
from domain.provider.leg import NO_EFFECT
from domain.provider.ports import answers
from domain.provider.ports.defi import DeFiProvider, Position, StrategyOffer
from domain.shared.assets import USDC
from domain.shared.ids import EventId, StreamId, TransactionId, WalletId
from domain.shared.stream import Stream
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.providers.setbacks import nonsense
from infrastructure.sagas.protocols import BUILD_SECONDS_MAX, ProtocolLeg
from tests.unit.domain.send.journey import COST

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Vault:
    answer: answers.Setback
    position: Position | answers.Setback | None = None

    async def deploy_strategy(self, *_offer: object, **_order: object) -> answers.Setback:
        return self.answer

    async def withdraw_from_strategy(self, *_offer: object, **_order: object) -> answers.Setback:
        return self.answer

    async def get_strategy_status(
        self, *_offer: object, **_owner: object
    ) -> Position | answers.Setback | None:
        return self.position


class Gateway:
    fee_payer = "payer"


TERMS = StrategyTerms(
    provider="kamino",
    offer_id="vault",
    name="Vault",
    asset="USDC",
    apy="0.05",
    lock_seconds=60,
    exit_fee_millionths=1_000,
    source="kamino",
    at=START,
)
OFFER = StrategyOffer(
    id="vault",
    name="Vault",
    asset=USDC,
    apy=Decimal("0.05"),
    minimum=1,
    lock_seconds=60,
    exit_fee_millionths=1_000,
    liquidity=None,
    total_value=None,
    source="kamino",
    at=START,
)
OTHER = replace(TERMS, provider="lend", offer_id="token")


@dataclass
class Book:
    offer: StrategyOffer | None = OFFER

    async def known(self, identifier: str) -> StrategyOffer | None:
        return self.offer if identifier == "kamino:vault" else None

    async def others(self, _terms: StrategyTerms, _amount: int) -> tuple[StrategyTerms, ...]:
        return (OTHER,)


def stream(call: ProtocolCall) -> Stream:
    launch = StrategyLaunchInitiated(
        definition_version=1,
        transaction_id=TransactionId(UUID(int=2)),
        username="alice",
        owner_address="owner",
        amount=5,
        network_cost=COST,
        terms=TERMS,
        rejected=(),
        approval_deadline=START + timedelta(minutes=15),
    )
    requested = BlockchainCallRequested(
        effect_id=NO_EFFECT,
        signer_address="owner",
        network_cost=COST,
        approval_deadline=START + timedelta(minutes=15),
        call=call,
    )
    events = tuple(event(number, data) for number, data in enumerate((launch, requested), 1))
    return Stream(id=events[0].stream_id, wallet_id=events[0].wallet_id, events=events)


def event(number: int, data: EventPayload) -> Event:
    return Event(
        id=EventId(UUID(int=number)),
        stream_id=StreamId(UUID(int=2)),
        wallet_id=WalletId(UUID(int=3)),
        user_id=None,
        sequence=number,
        type=data.type_name(),
        kind=data.kind_name(),
        attempt=1,
        occurred_at=START,
        causation_id=None,
        correlation_id="test",
        data=data,
    )


def holding(value: int, shares: int = 5_000) -> Position:
    return Position(
        offer_id="vault", owner="owner", shares=shares, value=value, source="kamino", at=START
    )


def leg(
    answer: answers.Setback,
    book: Book | None = None,
    position: Position | answers.Setback | None = holding(10_000),  # noqa: B008 (frozen)
) -> ProtocolLeg:
    return ProtocolLeg(
        cast("SolanaGateway", Gateway()),
        protocols={"kamino": cast("DeFiProvider", Vault(answer, position))},
        book=book or Book(),
    )


AWAY = answers.NotAttempted(reason="away")
LAUNCH = stream(ProtocolCall(provider="kamino", offer_id="vault", owner_address="owner", amount=5))
STOP = stream(
    ProtocolCall(
        provider="kamino",
        offer_id="vault",
        owner_address="owner",
        shares=2_500,
        value=5_000,
        slippage_millionths=5_000,
    )
)


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
    assert isinstance(outcome, StrategyChanged if asked is LAUNCH else Declined)
    assert outcome.reason == answer.reason


async def test_a_clear_no_ends_it_at_once_and_of_a_launch_its_user_may_choose() -> None:
    no = answers.Declined(code="PRV_LIMIT", reason="less than the minimum")

    assert await leg(no).build(STOP, START) == Declined(code="PRV_LIMIT", reason=no.reason)
    assert await leg(no).build(LAUNCH, START) == StrategyChanged(
        code="PRV_LIMIT", reason=no.reason, alternatives=(OTHER,)
    )


async def test_a_protocol_that_is_not_there_is_not_waited_for() -> None:
    nobody = stream(ProtocolCall(provider="other", offer_id="v", owner_address="o", shares=5))

    assert isinstance(await leg(AWAY).build(nobody, START), Declined)


@pytest.mark.parametrize(
    ("offer", "can_be_accepted"),
    [
        (replace(OFFER, minimum=6), False),
        (replace(OFFER, lock_seconds=61), True),
        (replace(OFFER, exit_fee_millionths=1_001), True),
        (replace(OFFER, apy=Decimal("0.039")), True),
    ],
)
async def test_terms_that_became_worse_are_for_the_user_to_accept(
    offer: StrategyOffer,
    can_be_accepted: bool,  # noqa: FBT001 (a table)
) -> None:
    changed = await leg(AWAY, Book(offer)).build(LAUNCH, START)

    assert isinstance(changed, StrategyChanged)
    assert changed.code == "TXN_STRATEGY_CHANGED"
    assert changed.amended == (offer.terms("kamino") if can_be_accepted else None)
    assert changed.alternatives == (OTHER,)


@pytest.mark.parametrize(
    "offer",
    [
        None,
        replace(OFFER, minimum=5, lock_seconds=0, exit_fee_millionths=0),
        replace(OFFER, apy=Decimal("0.041")),
        replace(OFFER, apy=None),
    ],
)
async def test_what_is_no_worse_or_not_told_is_as_it_was(offer: StrategyOffer | None) -> None:
    assert isinstance(await leg(AWAY, Book(offer)).build(LAUNCH, START), NotAttempted)


async def test_whoever_leaves_is_asked_nothing() -> None:
    worse = replace(OFFER, exit_fee_millionths=500_000, minimum=10)
    assert isinstance(await leg(AWAY, Book(worse)).build(STOP, START), NotAttempted)


@pytest.mark.parametrize("value", [10_000, 20_000, 9_950])
async def test_what_is_worth_as_much_as_was_shown_or_a_little_less_is_redeemed(value: int) -> None:
    assert isinstance(await leg(AWAY, position=holding(value)).build(STOP, START), NotAttempted)


async def test_what_is_worth_less_beyond_the_slippage_limit_is_not() -> None:
    worth = await leg(AWAY, position=holding(9_948)).build(STOP, START)
    fewer = await leg(AWAY, position=holding(4_000, shares=2_000)).build(STOP, START)

    assert (worth, fewer) == (WorthLess(value=4_974), WorthLess(value=4_000))


@pytest.mark.parametrize("position", [None, AWAY])
async def test_what_nobody_tells_the_worth_of_is_asked_for_again_and_never_redeemed(
    position: answers.Setback | None,
) -> None:
    told = leg(answers.Declined(code="PRV_LIMIT", reason="was asked"), position=position)

    assert isinstance(await told.build(STOP, START), NotAttempted)
    late = START + timedelta(seconds=BUILD_SECONDS_MAX)
    outcome = await told.build(STOP, late)
    assert isinstance(outcome, Declined)
    assert outcome.code == "PRV_UNAVAILABLE"
