import asyncio
from collections.abc import AsyncGenerator

import pytest

from domain.shared.ids import TransactionId, UserId
from infrastructure.db.positions import START, Position
from infrastructure.messaging.codec import InvalidCursor
from infrastructure.messaging.feed import ResyncRequired, TransactionFeed, Update
from infrastructure.messaging.projections import Audience
from infrastructure.messaging.subscription import Delivery
from resolvers.ports import Feed
from tests.unit.messaging.support import ALICE, AT, BOB, World, booked, event
from tests.unit.messaging.test_hub import MemoryTransport

Updates = AsyncGenerator[Update | ResyncRequired, None]

PRINCIPAL = UserId(event().id)


async def take(updates: Updates, count: int) -> list[Update]:
    found: list[Update] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            update = await anext(updates)
            assert isinstance(update, Update)
            found.append(update)
    await updates.aclose()
    return found


@pytest.fixture
def world() -> World:
    return World(MemoryTransport())


async def test_an_update_has_what_the_api_shows(world: World) -> None:
    logged = world.log.append(booked(4))[0]
    async with world.hub() as hub:
        feed = TransactionFeed(hub)
        (update,) = await take(feed.transaction_updates(PRINCIPAL, ALICE, None, START.encode()), 1)
    assert update.cursor == logged.position.encode()
    assert (update.sequence, update.type, update.kind) == (
        4,
        "RecipientBalanceUpdated",
        "BalanceUpdated",
    )
    assert (update.state, update.sub_state, update.occurred_at) == ("COMPLETED", None, AT)
    assert update.transaction_id == TransactionId(logged.event.stream_id)
    assert update.data["debited"] == "25.000000"
    assert update.audience is Audience.OWNER


async def test_going_on_after_any_cursor_gives_the_rest(world: World) -> None:
    world.log.append(*(event(number) for number in range(1, 8)))
    async with world.hub() as hub:
        feed = TransactionFeed(hub)
        whole = await take(feed.transaction_updates(PRINCIPAL, ALICE, None, START.encode()), 7)
        for index, update in enumerate(whole[:-1]):
            rest = feed.transaction_updates(PRINCIPAL, ALICE, None, update.cursor)
            assert await take(rest, 6 - index) == whole[index + 1 :]


async def test_one_transaction_alone(world: World) -> None:
    world.log.append(event(1), event(1, stream=2), event(2))
    wanted = TransactionId(event(stream=2).stream_id)
    async with world.hub() as hub:
        feed = TransactionFeed(hub)
        (only,) = await take(feed.transaction_updates(PRINCIPAL, ALICE, wanted, START.encode()), 1)
    assert only.transaction_id == wanted


async def test_wallet_updates_are_those_that_change_balances(world: World) -> None:
    world.log.append(event(1), booked(2), event(3))
    async with world.hub() as hub:
        feed = TransactionFeed(hub)
        (alice,) = await take(feed.wallet_updates(ALICE, START.encode()), 1)
        (bob,) = await take(feed.wallet_updates(BOB, START.encode()), 1)
    assert (alice.sequence, alice.audience) == (2, Audience.OWNER)
    assert (bob.sequence, bob.audience) == (2, Audience.COUNTERPARTY)
    assert (alice.data["debited"], bob.data) == ("25.000000", {"credited": "24.990000"})


async def test_each_event_is_asked_for(world: World) -> None:
    asked: list[UserId] = []

    async def permit(principal: UserId, delivery: Delivery) -> bool:
        asked.append(principal)
        return delivery.event.sequence == 2

    world.log.append(event(1), event(2))
    async with world.hub() as hub:
        feed = TransactionFeed(hub, permit=permit)
        (only,) = await take(feed.transaction_updates(PRINCIPAL, ALICE, None, START.encode()), 1)
    assert only.sequence == 2
    assert asked == [PRINCIPAL, PRINCIPAL]


async def test_it_is_what_the_api_asks_for(world: World) -> None:
    (logged,) = world.log.append(booked(1))
    async with world.hub() as hub:
        feed: Feed = TransactionFeed(hub)
        updates = feed.wallet_updates(ALICE, START.encode())
        shown = await anext(updates)
        await updates.aclose()
    assert shown.cursor == logged.position.encode()


async def test_a_text_that_is_no_cursor(world: World) -> None:
    async with world.hub() as hub:
        with pytest.raises(InvalidCursor):
            await anext(TransactionFeed(hub).wallet_updates(ALICE, "nonsense"))


async def test_a_refused_replay_asks_to_read_anew(world: World) -> None:
    world.log.refused = True
    async with world.hub() as hub:
        updates = TransactionFeed(hub).wallet_updates(ALICE, Position(1, 1, 1).encode())
        assert await anext(updates) == ResyncRequired(cursor=START.encode())
        await updates.aclose()
