import itertools
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.contracts.views import PageRequest, Role
from domain.shared.errors import InvalidInput
from domain.shared.ids import TransactionId, WalletId
from infrastructure.db.views_paging import PAGE_ITEMS_MAX
from infrastructure.db.views_statements import PAGE_FORWARDS
from tests.integration.views.stage import MARCH, Stage
from tests.unit.domain.send.journey import ALICE_WALLET, BOB_WALLET


async def some_transactions(stage: Stage, count: int = 11) -> list[TransactionId]:
    """Alice's own and what she received, newest first; several share their moment."""
    made = []
    for number in range(count):
        at = MARCH + timedelta(seconds=number // 3)
        sides = (ALICE_WALLET, BOB_WALLET) if number % 2 else (BOB_WALLET, ALICE_WALLET)
        made.append((at, await stage.opened(at=at, sender=sides[0], recipient=sides[1])))
    await stage.opened(at=MARCH, sender=BOB_WALLET, recipient=WalletId(uuid4()))
    await stage.opened(at=MARCH, sender=BOB_WALLET, recipient=ALICE_WALLET, state="INITIATED")
    return [transaction_id for _, transaction_id in sorted(made, reverse=True)]


@pytest.mark.parametrize("count", [1, 2, 5, 11, 12])
@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_add_up_to_the_list(stage: Stage, *, count: int, backwards: bool) -> None:
    whole = await some_transactions(stage)
    found: list[TransactionId] = []
    cursor, more = None, True
    while more:
        page = await stage.views.transactions(
            ALICE_WALLET, PageRequest(count=count, cursor=cursor, backwards=backwards)
        )
        ids = [item.node.id for item in page.items]
        found = ids + found if backwards else found + ids
        assert (page.has_next if backwards else page.has_previous) is (cursor is not None)
        more = page.has_previous if backwards else page.has_next
        cursor = page.items[0 if backwards else -1].cursor
    assert found == whole


async def test_each_side_sees_its_own_role(stage: Stage) -> None:
    await some_transactions(stage, 4)
    page = await stage.views.transactions(ALICE_WALLET, PageRequest(count=10))
    roles = [item.node.role for item in page.items]
    assert sorted(roles) == [Role.RECIPIENT, Role.RECIPIENT, Role.SENDER, Role.SENDER]
    assert all(
        (item.node.given.value == 24_998_500) is (item.node.role is Role.RECIPIENT)
        for item in page.items
    )


async def test_what_comes_meanwhile_moves_no_page(stage: Stage) -> None:
    whole = await some_transactions(stage)
    first = await stage.views.transactions(ALICE_WALLET, PageRequest(count=4))
    await stage.opened(at=MARCH + timedelta(days=1))
    rest = await stage.views.transactions(
        ALICE_WALLET, PageRequest(count=10, cursor=first.items[-1].cursor)
    )
    assert [item.node.id for item in itertools.chain(first.items, rest.items)] == whole


async def test_nobodys_list_is_empty(stage: Stage) -> None:
    page = await stage.views.transactions(WalletId(uuid4()), PageRequest(count=3))
    assert (page.items, page.has_next, page.has_previous) == ((), False, False)


@pytest.mark.parametrize("count", [-1, 0, PAGE_ITEMS_MAX + 1])
async def test_a_page_has_its_bounds(stage: Stage, count: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        await stage.views.transactions(ALICE_WALLET, PageRequest(count=count))
    assert (refused.value.code, refused.value.field) == ("VAL_PAGE", "first")


@pytest.mark.parametrize(("backwards", "field"), [(False, "after"), (True, "before")])
async def test_a_text_that_is_no_cursor(stage: Stage, *, backwards: bool, field: str) -> None:
    request = PageRequest(count=3, cursor="nonsense", backwards=backwards)
    with pytest.raises(InvalidInput) as refused:
        await stage.views.transactions(ALICE_WALLET, request)
    assert (refused.value.code, refused.value.field) == ("VAL_CURSOR", field)


async def test_a_page_is_read_from_two_indexes(stage: Stage) -> None:
    """An OR over both sides would read every transaction of the wallet for each page."""
    values = PAGE_FORWARDS.values(
        viewer_wallet_id=ALICE_WALLET,
        shown_states=["COMPLETED"],
        place_at=MARCH,
        place_id=ALICE_WALLET,
        row_count=10,
    )
    async with stage.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = await connection.fetch(f"EXPLAIN (COSTS off) {PAGE_FORWARDS.text}", *values)
    steps = [row[0].strip() for row in plan]
    for index in ("transaction_wallet", "transaction_recipient"):
        assert f"->  Index Scan Backward using {index} on transaction" in "\n".join(steps)
    assert any("Merge Append" in step for step in steps)
