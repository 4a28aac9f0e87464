import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.contracts.views import Role, TransactionView
from domain.shared.ids import TransactionId, WalletId
from resolvers.ids import Kind, encode
from resolvers.ports import Resync, Update
from tests.unit.graphql.examples import (
    ALICE,
    BOB,
    EVE,
    NOW,
    completed,
    global_id,
    transaction_id,
    user_view,
)
from tests.unit.graphql.memory import MemoryViews
from tests.unit.graphql.memory_feed import Event, Lost, MemoryFeed
from tests.unit.graphql.support import World, codes

MARKS = "cursor resync type kind sequence state subState occurredAt"
TRANSACTIONS = f"""subscription ($id: ID, $after: String) {{
  transactionUpdates(id: $id, after: $after) {{ {MARKS} transaction {{ id state role }} }} }}"""
WALLET = f"""subscription ($after: String) {{
  walletUpdates(after: $after) {{ {MARKS} wallet {{ available {{ posted }} }}
    transaction {{ id }} }} }}"""
BOTH = [("transactionUpdates", TRANSACTIONS), ("walletUpdates", WALLET)]


def world(*items: Update | Resync) -> World:
    return World(feed=MemoryFeed(items=list(items)))


async def heard(served: World, document: str = TRANSACTIONS, **variables: object) -> list[Any]:
    """The items of a subscription that ends by itself."""
    found = []
    for response in await served.stream(document, by=ALICE, language="", **variables):
        assert "errors" not in response, response["errors"]
        (item,) = response["data"].values()
        found.append(item)
    return found


async def test_an_item_is_marked_and_shows_its_transaction() -> None:
    event = Event(cursor="k7", sequence=4, sub_state="TRANSACTION_SIGNING")
    assert await heard(world(event)) == [
        {
            "cursor": "k7",
            "resync": False,
            "type": "AvailableBalanceReserved",
            "kind": "BalanceReserved",
            "sequence": 4,
            "state": "BALANCE_RESERVED",
            "subState": "TRANSACTION_SIGNING",
            "occurredAt": "2026-03-01T12:00:00+00:00",
            "transaction": {
                "id": global_id(1),
                "state": "PROVIDER_PROCESSING",
                "role": "SENDER",
            },
        }
    ]


async def test_a_wallets_item_has_the_same_marks_and_shows_the_wallet() -> None:
    (shown,) = await heard(world(Event(occurred_at=NOW + timedelta(seconds=1))), WALLET)
    assert shown == {
        "cursor": "k1",
        "resync": False,
        "type": "AvailableBalanceReserved",
        "kind": "BalanceReserved",
        "sequence": 1,
        "state": "BALANCE_RESERVED",
        "subState": None,
        "occurredAt": "2026-03-01T12:00:01+00:00",
        "wallet": {"available": {"posted": "100.000000"}},
        "transaction": {"id": global_id(1)},
    }


async def test_an_event_of_no_transaction_has_neither_state_nor_transaction() -> None:
    deposit = Event(type="UnannouncedDepositReceived", state=None, transaction_id=transaction_id(9))
    (shown,) = await heard(world(deposit), WALLET)
    assert (shown["state"], shown["transaction"]) == (None, None)
    assert shown["wallet"]["available"] == {"posted": "100.000000"}


async def test_items_come_in_the_feeds_order() -> None:
    events = [Event(cursor=f"k{number}", sequence=number) for number in range(1, 6)]
    shown = await heard(world(*events))
    assert [item["cursor"] for item in shown] == ["k1", "k2", "k3", "k4", "k5"]
    assert [item["sequence"] for item in shown] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", [None, "k41"])
async def test_what_is_asked_is_passed_on(after: str | None) -> None:
    served = world(Event())
    await heard(served, after=after)
    await heard(served, id=global_id(1), after=after)
    await heard(served, WALLET, after=after)
    assert served.feed.asked == [
        (ALICE.id, ALICE.wallet_id, None, after),
        (ALICE.id, ALICE.wallet_id, transaction_id(1), after),
        (ALICE.id, ALICE.wallet_id, after),
    ]


async def test_lost_events_are_an_item_that_says_to_read_anew() -> None:
    lost, event = await heard(world(Lost("k9"), Event(cursor="k10")))
    assert lost == {
        "cursor": "k9",
        "resync": True,
        "type": "ResyncRequired",
        "kind": "ResyncRequired",
        "sequence": None,
        "state": None,
        "subState": None,
        "occurredAt": None,
        "transaction": None,
    }
    assert (event["cursor"], event["resync"]) == ("k10", False)


async def test_a_wallet_that_lost_events_is_shown_as_it_stands() -> None:
    (lost,) = await heard(world(Lost("k9")), WALLET)
    assert (lost["resync"], lost["transaction"]) == (True, None)
    assert lost["wallet"] == {"available": {"posted": "100.000000"}}


@pytest.mark.parametrize(("name", "document"), BOTH)
@pytest.mark.parametrize("after", ["", "no cursor!", "k1 "])
async def test_a_cursor_that_is_none_is_refused_instead_of_a_stream(
    name: str, document: str, after: str
) -> None:
    served = world(Event())
    (response,) = await served.stream(document, language="de", after=after)
    assert codes(response) == ["VAL_CURSOR"]
    assert "data" not in response
    assert response["errors"][0]["message"].startswith("Die Stelle in der Liste")
    assert served.feed.closed == 1
    assert name in document


@pytest.mark.parametrize(("name", "document"), BOTH)
@pytest.mark.parametrize(
    ("who", "code"), [(None, "AUTH_MISSING"), (user_view("nobody"), "AUTH_INVALID")]
)
async def test_nobody_hears_anything(name: str, document: str, who: Any, code: str) -> None:  # noqa: ANN401 (a user or nobody)
    served = world(Event())
    (response,) = await served.stream(document, by=who)
    assert codes(response) == [code]
    assert "data" not in response
    assert not served.feed.asked
    assert name in document


@pytest.mark.parametrize("who", [BOB, EVE])
async def test_another_users_transaction_is_refused_like_one_that_is_not_there(
    who: object,
) -> None:
    served = world(Event())
    user = BOB if who is BOB else EVE
    (foreign,) = await served.stream(TRANSACTIONS, by=user, id=global_id(1))
    (absent,) = await served.stream(TRANSACTIONS, by=user, id=global_id(404))
    for response in (foreign, absent):
        del response["errors"][0]["extensions"]["requestId"]
    assert foreign == absent
    assert codes(foreign) == ["TXN_NOT_FOUND"]
    assert not served.feed.asked


@pytest.mark.parametrize("text", ["", "x", encode(Kind.WALLET, ALICE.wallet_id)])
async def test_an_identifier_that_cannot_be_read_is_refused(text: str) -> None:
    served = world(Event())
    (response,) = await served.stream(TRANSACTIONS, id=text)
    assert codes(response) == ["VAL_ID"]
    assert not served.feed.asked


class Uncut(MemoryViews):
    """Reads that leave it to the resolvers what the recipient may know."""

    async def transaction(
        self, wallet_id: WalletId, transaction_id: TransactionId
    ) -> TransactionView | None:
        whole = await super().transaction(ALICE.wallet_id, transaction_id)
        recipient = wallet_id == BOB.wallet_id
        return replace(whole, role=Role.RECIPIENT) if whole and recipient else whole


async def test_the_recipient_hears_of_a_credit_without_what_is_the_senders() -> None:
    views = Uncut(sent=[completed(1)])
    served = World(views=views, feed=MemoryFeed(items=[Event(state="COMPLETED")]))
    document = """subscription { transactionUpdates { transaction { role amount sender { username
      address } fees { kind } chainSignature timeline { state } userActions { id } } } }"""
    (response,) = await served.stream(document, by=BOB)
    assert response["data"]["transactionUpdates"]["transaction"] == {
        "role": "RECIPIENT",
        "amount": "24.998500",
        "sender": {"username": "alice", "address": None},
        "fees": [],
        "chainSignature": None,
        "timeline": [],
        "userActions": [],
    }


async def test_before_the_credit_the_recipients_item_shows_no_transaction() -> None:
    served = world(Event())
    (response,) = await served.stream(TRANSACTIONS, by=BOB)
    assert response["data"]["transactionUpdates"]["transaction"] is None


async def test_each_item_shows_what_is_so_by_then() -> None:
    served = world(Event(cursor="k1"), Event(cursor="k2"))
    async with aclosing(served.live(WALLET)) as responses:
        first = await anext(responses)
        served.views.balance = 75_000_000
        second = await anext(responses)
    posted = [
        response["data"]["walletUpdates"]["wallet"]["available"]["posted"]
        for response in (first, second)
    ]
    assert posted == ["100.000000", "75.000000"]


async def test_within_an_item_each_thing_is_read_once() -> None:
    served = world(Event(cursor="k1"), Event(cursor="k2"))
    parts = "available { posted } invested { asset } strategy { asset }"
    await served.stream(f"subscription {{ walletUpdates {{ wallet {{ {parts} }} }} }}")
    assert served.views.calls["balances"] == 2
    assert served.views.calls["user"] == 1


@pytest.mark.parametrize(("name", "document"), BOTH)
async def test_the_feed_is_closed_when_its_reader_leaves(name: str, document: str) -> None:
    served = world(*(replace(Event(), cursor=f"k{number}") for number in range(5)))
    responses = served.live(document)
    assert (await anext(responses))["data"][name]["cursor"] == "k0"
    assert served.feed.closed == 0
    await responses.aclose()
    assert served.feed.closed == 1


async def test_a_feed_that_ends_ends_the_subscription() -> None:
    served = world()
    assert await heard(served) == []
    assert served.feed.closed == 1


class BrokenFeed(MemoryFeed):
    """Fails behind its items."""

    async def _follow(self, after: str | None) -> AsyncGenerator[Update | Resync, None]:
        async with aclosing(super()._follow(after)) as items:
            async for item in items:
                yield item
        raise ValueError("password=hunter2")


@pytest.mark.parametrize("items", [[], [Event()]])
@pytest.mark.parametrize("after", [None, "k1"])
async def test_a_feed_that_fails_is_masked_and_closed(
    items: list[Update | Resync], after: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    served = World(feed=BrokenFeed(items=items))
    with caplog.at_level(logging.ERROR):
        *before, last = await served.stream(TRANSACTIONS, after=after)
    assert len(before) == len(items)
    # Only where nothing has come yet can the cursor be what is wrong.
    refused = after is not None and not items
    assert codes(last) == ["VAL_CURSOR" if refused else "SYS_INTERNAL"]
    assert "data" not in last
    assert "hunter2" not in str(last)
    assert ("hunter2" in caplog.text) is not refused
    assert served.feed.closed == 1


async def test_what_cannot_be_read_for_one_item_spoils_no_other() -> None:
    class Failing(MemoryViews):
        async def balances(self, wallet_id: Any) -> Any:  # noqa: ANN401 (as its parent's)
            if self.calls["balances"] == 0:
                self.calls["balances"] += 1
                raise RuntimeError("password=hunter2")
            return await super().balances(wallet_id)

    events = [Event(cursor="k1"), Event(cursor="k2")]
    served = World(views=Failing(), feed=MemoryFeed(items=[*events]))
    first, second = await served.stream(WALLET)
    assert codes(first) == ["SYS_INTERNAL"]
    assert first["data"]["walletUpdates"] == {
        "cursor": "k1",
        "resync": False,
        "type": "AvailableBalanceReserved",
        "kind": "BalanceReserved",
        "sequence": 1,
        "state": "BALANCE_RESERVED",
        "subState": None,
        "occurredAt": "2026-03-01T12:00:00+00:00",
        "wallet": None,
        "transaction": None,
    }
    assert "errors" not in second


async def test_news_of_a_position_say_which_and_what() -> None:
    position = UUID(int=7)
    told = Event(
        type="PositionValued",
        state=None,
        transaction_id=transaction_id(9),
        data={"position_id": str(position), "news": "STALE", "value": "51.000000"},
    )
    closed = Event(type="StrategyStopCompleted", data={})
    document = """subscription { strategyUpdates {
      type positionId news value transaction { id } positions { id } } }"""

    first, second, lost = await heard(world(told, closed, Lost("k9")), document)

    assert first == {
        "type": "PositionValued",
        "positionId": encode(Kind.POSITION, position),
        "news": "STALE",
        "value": "51.000000",
        "transaction": None,
        "positions": [],
    }
    assert (second["positionId"], second["news"], second["value"]) == (None, None, None)
    assert second["transaction"]["id"] == global_id(1)
    assert lost["type"] == "ResyncRequired"
