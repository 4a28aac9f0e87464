from typing import Any

import pytest

from tests.unit.graphql.examples import BOB, completed, transaction
from tests.unit.graphql.memory import MemoryViews
from tests.unit.graphql.support import World, codes

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String) {
  transactions(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { createdAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def world() -> World:
    return World(views=MemoryViews(sent=[transaction(number) for number in range(5)]))


async def walk(start: str, count: str, cursor: str, more: str) -> list[list[str]]:
    """Every page of the list, each as the cursors of its edges."""
    served, pages, place = world(), [], None
    while True:
        arguments: dict[str, Any] = {count: 2, cursor: place}
        connection = (await served.data(PAGE, **arguments))["transactions"]
        pages.append([edge["cursor"] for edge in connection["edges"]])
        if not connection["pageInfo"][more]:
            return pages
        place = connection["pageInfo"][start]


async def test_forwards_from_the_newest() -> None:
    pages = await walk("endCursor", "first", "after", "hasNextPage")
    assert pages == [["c0", "c1"], ["c2", "c3"], ["c4"]]


async def test_backwards_from_the_oldest_in_the_same_order() -> None:
    pages = await walk("startCursor", "last", "before", "hasPreviousPage")
    assert pages == [["c3", "c4"], ["c1", "c2"], ["c0"]]


async def test_without_arguments_the_newest_come_first() -> None:
    data = await world().data(PAGE)
    edges = data["transactions"]["edges"]
    moments = [edge["node"]["createdAt"] for edge in edges]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == 5


async def test_an_empty_list_has_no_cursors() -> None:
    data = await World(views=MemoryViews()).data(PAGE)
    assert data["transactions"] == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 0},
        {"first": -1},
        {"first": 101},
        {"last": 0},
        {"first": 1, "last": 1},
        {"first": 1, "before": "c1"},
        {"last": 1, "after": "c1"},
        {"after": "c1", "before": "c3"},
    ],
)
async def test_arguments_that_make_no_page_are_refused(arguments: dict[str, Any]) -> None:
    served = world()
    assert codes(await served.ask(PAGE, **arguments)) == ["VAL_PAGE"]
    assert served.views.calls["transactions"] == 0


@pytest.mark.parametrize("arguments", [{"after": "?"}, {"before": ""}, {"after": "x" * 300}])
async def test_a_cursor_that_is_none_is_refused(arguments: dict[str, Any]) -> None:
    assert codes(await world().ask(PAGE, **arguments)) == ["VAL_CURSOR"]


async def test_the_recipients_list_has_only_what_was_credited() -> None:
    served = World(views=MemoryViews(sent=[transaction(1), completed(2)]))
    query = "{ wallet { transactions { nodes { role amount fees { kind } } } } }"
    data = await served.data(query, by=BOB)
    assert data["wallet"]["transactions"]["nodes"] == [
        {"role": "RECIPIENT", "amount": "24.998500", "fees": []}
    ]


async def test_a_page_is_read_with_one_call_for_each_kind_of_thing() -> None:
    served = world()
    await served.data(
        "{ me { username } wallet { available { asset } invested { asset } strategy { asset } }"
        " transactions(first: 5) { nodes { timeline { sequence } steps { name }"
        " attempts { result } interactions { outcome } userActions { status } } } }"
    )
    assert served.views.calls == {
        "user": 1,
        "wallet": 1,
        "balances": 1,
        "transactions": 1,
        "timelines": 1,
        "steps": 1,
        "attempts": 1,
        "interactions": 1,
        "user_actions": 1,
    }


STRATEGIES = """
query ($first: Int, $after: String, $last: Int, $before: String, $where: StrategiesWhereInput) {
  strategies(first: $first, after: $after, last: $last, before: $before, where: $where) {
    edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    goals { name risk } missing { provider reason }
  }
}
"""


def shown(connection: Any) -> list[str]:  # noqa: ANN401 (JSON, which tests index)
    return [each["id"] for each in connection["nodes"]]


async def test_strategies_are_paged_in_the_order_of_their_identifiers() -> None:
    served = World()
    everything = ["kamino:a", "kamino:b", "lend:a", "lend:b", "lend:c"]

    whole = (await served.data(STRATEGIES))["strategies"]
    assert shown(whole) == everything
    assert whole["goals"] == [{"name": "New Car", "risk": "medium"}]
    assert whole["missing"] == [{"provider": "other", "reason": "away"}]

    first = (await served.data(STRATEGIES, first=2))["strategies"]
    assert shown(first) == everything[:2]
    assert first["pageInfo"]["hasNextPage"]
    assert not first["pageInfo"]["hasPreviousPage"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await served.data(STRATEGIES, first=3, after=cursor))["strategies"]
    assert shown(second) == everything[2:]
    assert not second["pageInfo"]["hasNextPage"]
    assert second["pageInfo"]["hasPreviousPage"]

    before = second["pageInfo"]["endCursor"]
    backwards = (await served.data(STRATEGIES, last=2, before=before))["strategies"]
    assert shown(backwards) == everything[2:4]


@pytest.mark.parametrize(
    ("where", "fitting"),
    [
        ({"providers": ["kamino"]}, ["kamino:a", "kamino:b"]),
        ({"risks": ["low"], "lockSecondsMax": 0}, ["lend:a", "lend:b", "lend:c"]),
        ({"lockSecondsMax": 0}, ["kamino:a", "lend:a", "lend:b", "lend:c"]),
        ({"goals": ["New Car", "nothing"], "providers": ["lend"]}, ["lend:a", "lend:b", "lend:c"]),
        ({"goals": ["nothing"]}, []),
        ({"assets": ["USDC"], "providers": []}, []),
    ],
)
async def test_only_strategies_that_fit_are_shown(
    where: dict[str, object], fitting: list[str]
) -> None:
    data = await World().data(STRATEGIES, where=where)
    assert shown(data["strategies"]) == fitting


@pytest.mark.parametrize("cursor", ["", "nonsense", "a2FtaW5v!", "/w=="])
async def test_a_cursor_of_no_strategy_is_refused(cursor: str) -> None:
    assert codes(await World().ask(STRATEGIES, after=cursor)) == ["VAL_CURSOR"]
