"""What a hub promises, whatever carries its messages: run over memory and over Redis."""

import asyncio

from domain.shared.ids import StreamId
from infrastructure.db.positions import START, Position
from infrastructure.messaging.channels import channel_name, channel_of
from infrastructure.messaging.ports import Scope
from infrastructure.messaging.projections import Audience
from infrastructure.messaging.subscription import Delivery, Interest
from tests.unit.messaging.support import (
    ALICE,
    BOB,
    CAROL,
    Watcher,
    World,
    booked,
    event,
    eventually,
    subscribed,
)

OPERATOR = Interest(Scope(None))


class HubBehaviour:
    """Subclasses give the fixture `world`."""

    async def test_delivers_what_happens_from_now_on(self, world: World) -> None:
        async with world.hub() as hub:
            await world.happens(event(1))
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.happens(event(2), event(3))
            assert await watcher.received(2) == [2, 3]

    async def test_many_first_subscribers_at_once(self, world: World) -> None:
        async with world.hub() as hub:
            watchers = [Watcher(hub) for _ in range(5)]
            await subscribed(hub, 5)
            await world.happens(event(1))
            for watcher in watchers:
                assert await watcher.received(1) == [1]

    async def test_a_first_subscriber_that_leaves_at_once_harms_nobody(self, world: World) -> None:
        async with world.hub() as hub:
            first = Watcher(hub)
            await asyncio.sleep(0)
            await first.leave()
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.happens(event(1), event(2))
            assert await watcher.received(2) == [1, 2]

    async def test_each_sees_their_own(self, world: World) -> None:
        async with world.hub() as hub:
            alice, bob = Watcher(hub), Watcher(hub, Interest(Scope(BOB)))
            carol, operator = Watcher(hub, Interest(Scope(CAROL))), Watcher(hub, OPERATOR)
            await subscribed(hub, 4)
            await world.happens(event(1), booked(2), event(9, wallet_id=CAROL))
            assert await alice.received(2) == [1, 2]
            assert await bob.received(1) == [2]
            assert await carol.received(1) == [9]
            assert await operator.received(3) == [1, 2, 9]
            (seen,) = bob.items
            assert isinstance(seen, Delivery)
            assert seen.audience is Audience.COUNTERPARTY
            assert seen.event.data == {"credited": "24.990000"}

    async def test_one_stream_and_some_kinds(self, world: World) -> None:
        scope = Scope(ALICE, StreamId(event(stream=2).stream_id))
        async with world.hub() as hub:
            stream = Watcher(hub, Interest(scope))
            kinds = Watcher(hub, Interest(Scope(ALICE), frozenset({"BalanceUpdated"})))
            await subscribed(hub, 2)
            await world.happens(event(1), event(1, stream=2), booked(2))
            await world.happens(event(2, stream=2))
            assert await stream.received(2) == [1, 2]
            assert await kinds.received(1) == [2]

    async def test_replays_after_a_cursor_and_goes_live(self, world: World) -> None:
        async with world.hub() as hub:
            await world.happens(*(event(number) for number in range(1, 601)))
            after = world.log.events[9].position
            watcher = Watcher(hub, after=after)
            for number in range(601, 651):
                await world.happens(event(number))
                await asyncio.sleep(0)
            assert await watcher.received(640) == list(range(11, 651))

    async def test_drops_duplicates(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            batch = world.unpublished(event(1), event(2))
            for _ in range(3):
                await world.transport.publish(batch)
            await world.happens(event(3))
            assert await watcher.received(3) == [1, 2, 3]
            assert hub.refills == 0

    async def test_finds_a_gap_by_the_next_event(self, world: World) -> None:
        async with world.hub() as hub:
            watcher, other = Watcher(hub), Watcher(hub)
            await subscribed(hub, 2)
            await world.happens(event(1))
            world.unpublished(event(2), event(3))
            await world.happens(event(4))
            await world.happens(event(5))
            assert await watcher.received(5) == [1, 2, 3, 4, 5]
            assert await other.received(5) == [1, 2, 3, 4, 5]
            assert (world.log.reads, world.log.replays) == (1, 0)

    async def test_finds_a_lost_last_event_by_the_heartbeat(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.happens(event(1))
            world.unpublished(event(2))
            await world.beat()
            assert await watcher.received(2) == [1, 2]

    async def test_events_of_others_are_no_gap(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            for number in range(1, 6):
                await world.happens(event(number), event(number, wallet_id=CAROL, stream=8))
            assert await watcher.received(5) == [1, 2, 3, 4, 5]
            assert hub.refills == 0

    async def test_an_unreadable_payload_loses_nothing(self, world: World) -> None:
        name = channel_name(channel_of(ALICE))
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            for payload in ("no json", "[]", '{"frame":"event"}'):
                await world.transport.publish([(name, payload)])
            await world.happens(event(1), event(2))
            assert await watcher.received(2) == [1, 2]

    async def test_a_slow_subscriber_loses_nothing_and_costs_no_memory(self, world: World) -> None:
        async with world.hub(buffer_events_max=10) as hub:
            slow, quick = Watcher(hub), Watcher(hub)
            await subscribed(hub, 2)
            slow.stop_reading()
            for number in range(1, 301):
                await world.happens(event(number))
                await quick.received(number)
            assert len(slow.sequences) <= 1
            slow.read_on()
            assert await slow.received(300) == list(range(1, 301))
            await world.happens(event(301))
            assert await slow.received(301) == list(range(1, 302))

    async def test_too_large_a_gap_is_left_to_the_subscribers(self, world: World) -> None:
        async with world.hub(refill_events_max=500) as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.happens(event(1))
            world.unpublished(*(event(number) for number in range(2, 1501)))
            await world.happens(event(1501))
            await world.happens(event(1502))
            assert await watcher.received(1502) == list(range(1, 1503))

    async def test_a_refused_replay_is_told(self, world: World) -> None:
        async with world.hub() as hub:
            await world.happens(event(1))
            world.log.refused = True
            watcher = Watcher(hub, after=Position(0, 1, 1))
            await eventually(lambda: len(watcher.resyncs) == 1)
            await world.happens(event(2))
            assert await watcher.received(1) == [2]
            assert watcher.resyncs[0].position < world.log.events[-1].position

    async def test_what_is_denied_is_left_out(self, world: World) -> None:
        async def odd(delivery: Delivery) -> bool:
            return delivery.event.sequence % 2 == 1

        async with world.hub() as hub:
            watcher = Watcher(hub, after=START, authorise=odd)
            await world.happens(*(event(number) for number in range(1, 6)))
            assert await watcher.received(3) == [1, 3, 5]

    async def test_a_subscriber_that_leaves_is_forgotten(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await watcher.leave()
            assert hub.subscriber_count == 0

    async def test_a_stopping_hub_ends_its_subscriptions(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
        await eventually(lambda: hub.subscriber_count == 0)
        await watcher.leave()

    async def test_a_dropped_connection_loses_nothing(self, world: World) -> None:
        async with world.hub() as hub:
            watcher, bob = Watcher(hub), Watcher(hub, Interest(Scope(BOB)))
            await subscribed(hub, 2)
            await world.happens(event(1))
            assert await watcher.received(1) == [1]
            world.unpublished(booked(2))
            await world.transport.drop_connections()
            assert await watcher.received(2) == [1, 2]
            await world.happens(event(3))
            assert await watcher.received(3) == [1, 2, 3]
            assert await bob.received(1) == [2]

    async def test_a_restart_of_the_server_loses_nothing(self, world: World) -> None:
        async with world.hub() as hub:
            watcher = Watcher(hub)
            await subscribed(hub, 1)
            await world.happens(event(1))
            assert await watcher.received(1) == [1]
            await world.transport.go_away()
            world.unpublished(event(2), event(3))
            await world.transport.come_back()
            assert await watcher.received(3) == [1, 2, 3]
            await world.happens(event(4))
            assert await watcher.received(4) == [1, 2, 3, 4]
