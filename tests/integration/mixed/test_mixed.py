"""Transactions of all nine flows, on two workers and two apis side by side: none is done twice."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from infrastructure.embedded.valkey import EmbeddedValkey
from tests.conftest import Database
from tests.integration.matrix.flows import WISHES
from tests.integration.mixed.people import Done, live, plans
from tests.integration.mixed.stage import Stage, side_by_side, time_flies
from tests.integration.sagas.audit import come_to_rest
from tests.integration.sagas.roles import Deployment, deployed

SEED: Final = 20_251_127
SECONDS_MAX: Final = 840

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow, pytest.mark.timeout(SECONDS_MAX)]


@pytest.fixture
def deployment(
    tmp_path: Path, database: Database, valkey_server: EmbeddedValkey
) -> Iterator[Deployment]:
    with deployed(
        tmp_path,
        app_url=database.app_url,
        admin_url=database.admin_url,
        redis_url=valkey_server.url,
    ) as deployment:
        yield deployment


@pytest.mark.parametrize(
    ("customers", "transactions"),
    [(5, 30), pytest.param(20, 500, marks=pytest.mark.chaos)],
)
async def test_nothing_is_done_twice(
    deployment: Deployment, tmp_path: Path, customers: int, transactions: int
) -> None:
    wanted = plans(customers, transactions=transactions, chance=random.Random(SEED))
    assert set(WISHES) == {flow for plan in wanted for flow in plan}
    async with side_by_side(deployment, tmp_path, customers=customers) as stage:
        books = stage.books
        before = await books.last_event()

        async with time_flies(books.http, books.sandbox_url):
            done = await carry_out(stage, wanted)
            assert sum(each.is_completed for each in done) == transactions
            await come_to_rest(books.pool)

        await books.each_was_made_once(done)
        await books.each_was_signed_once(done)
        await books.each_was_ordered_once(done)
        await books.ledger_and_chain_agree()
        for customer, listener in zip(stage.customers, stage.listeners, strict=True):
            await books.everything_was_heard(customer.name, listener.heard, after=before)
        verified = await asyncio.to_thread(deployment.run, "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr


async def carry_out(stage: Stage, wanted: list[list[str]]) -> list[Done]:
    """All lanes of all customers at once."""
    names = [f"@{customer.name}" for customer in stage.customers]
    lanes = len(wanted) // len(stage.customers)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                live(customer, plan, [name for name in names if name != f"@{customer.name}"])
            )
            for number, plan in enumerate(wanted)
            for customer in [stage.customers[number // lanes]]
        ]
    return [each for task in tasks for each in task.result()]
