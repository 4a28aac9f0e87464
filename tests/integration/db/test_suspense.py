"""Money from a sanctioned address, through the engine into the ledger."""

from dataclasses import replace
from uuid import uuid4

import pytest

from domain.contracts.commands import BookDepositCommand
from domain.shared.accounts import available, suspense
from domain.shared.decision import Decision, Facts
from domain.shared.ids import StreamId, UserId, WalletId
from domain.shared.saga import Origin
from domain.shared.screening import ScreeningList
from domain.shared.stream import Stream
from domain.wallet.handlers import book_deposit
from domain.wallet.suspense import ListMissing, SenderStillListed, release_suspense
from infrastructure.sagas.engine import Opening, SagaEngine
from infrastructure.services.policy import load_policy
from tests.integration.db.engines import an_engine
from tests.integration.db.world import Standing, World

LISTED = ScreeningList(version="test", addresses=frozenset({"listed"}))


async def a_screening_engine(world: World) -> SagaEngine:
    policy = replace(load_policy(None), screening=LISTED)
    return await an_engine(world, world.pool, policy=policy)


async def received(engine: SagaEngine, wallet_id: WalletId, *senders: str) -> StreamId:
    signature = uuid4().hex
    command = BookDepositCommand(
        asset="USDC",
        signature=signature,
        instruction=0,
        account="a",
        amount=5_000_000,
        senders=senders,
    )
    stream_id = StreamId(uuid4())
    await engine.decide(
        stream_id,
        lambda stream, facts: book_deposit(stream, command, facts),
        opening=Opening(
            wallet_id=wallet_id,
            origin=Origin(user_id=UserId(uuid4()), correlation_id=signature),
        ),
    )
    return stream_id


async def test_it_stands_in_suspense_and_is_not_spendable(world: World) -> None:
    engine, wallet_id = await a_screening_engine(world), WalletId(uuid4())

    await received(engine, wallet_id, "listed")
    await received(engine, wallet_id, "anybody")

    assert await world.standing(suspense(wallet_id, "USDC")) == Standing(posted=5_000_000)
    assert await world.standing(available(wallet_id)) == Standing(posted=5_000_000)


async def test_it_is_the_users_by_a_persons_decision_once(world: World) -> None:
    engine, wallet_id = await a_screening_engine(world), WalletId(uuid4())
    case = await received(engine, wallet_id, "listed")

    def released(stream: Stream, facts: Facts) -> Decision:
        return release_suspense(stream, operator="olga", reason="listed no more", facts=facts)

    with pytest.raises(SenderStillListed):
        await engine.decide(case, released)
    with pytest.raises(ListMissing):
        await (await an_engine(world, world.pool)).decide(case, released)
    policy = replace(load_policy(None), screening=ScreeningList(version="later"))
    later = await an_engine(world, world.pool, policy=policy)
    await later.decide(case, released)
    await later.decide(case, released)

    assert await world.standing(suspense(wallet_id, "USDC")) == Standing(posted=0)
    assert await world.standing(available(wallet_id)) == Standing(posted=5_000_000)
