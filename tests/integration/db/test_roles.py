"""What the application may not do, whatever it tries, and what nobody may."""

import json
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from domain.shared.ids import HoldId
from domain.shared.unit import ChainClaim, Posting
from infrastructure.db.encoding import encode_batch, encode_unit
from infrastructure.db.pool import Connection
from tests.integration.db.units import (
    Parts,
    deposit,
    effect,
    key,
    place,
    transfer,
    unit,
    user_account,
)
from tests.integration.db.world import World

GUARDED: Final = (
    "account",
    "balance",
    "journal",
    "entry",
    *(f"entry_{part}" for part in range(8)),
    "hold",
    "chain_claim",
    "stream",
    "generation",
    "outbox",
    "idempotency_key",
    "transaction",
    "transaction_history",
    "transaction_step",
    "provider_interaction",
    "recovery_attempt",
    "user_action",
    "user_action_status",
    "effect",
    "inbox",
    "app_user",
    "wallet",
    "wallet_address",
)
IMMUTABLE: Final = ("account", "journal", "entry", "chain_claim", "outbox", "idempotency_key")
Document = dict[str, list[dict[str, Any]]]

KEPT: Final = ("balance", "hold", "transaction", "effect", "stream")


async def first_column(connection: Connection, table: str) -> str:
    column: str = await connection.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1", table
    )
    return column


@pytest.fixture
async def app(world: World) -> Connection:
    connection = await world.connect()
    world.closing.push_async_callback(connection.close)
    assert await connection.fetchval("SELECT current_user") == "diboas_app"
    return connection


@pytest.fixture
async def owner(world: World) -> Connection:
    await world.admin.execute("SET ROLE diboas_owner")
    return world.admin


@pytest.fixture
async def filled(world: World) -> None:
    """A row in each of the tables that the tests try to change."""
    alice = user_account()
    await world.fund(alice, 100)
    claim = ChainClaim(chain="SOLANA", signature=str(uuid4()), instruction=0, account="A")
    await world.commit(
        place(alice, 10, hold_id=HoldId(uuid4())),
        key(str(uuid4())),
        claims=(claim,),
        effects_requested=(effect(),),
    )


def all_guarded_statements(table: str, column: str) -> list[str]:
    return [
        f"INSERT INTO {table} DEFAULT VALUES",
        f"INSERT INTO {table} ({column}) SELECT {column} FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
    ]


@pytest.mark.parametrize("table", GUARDED)
async def test_the_application_writes_no_guarded_table(app: Connection, table: str) -> None:
    for statement in all_guarded_statements(table, await first_column(app, table)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_every_table_is_guarded_or_named_as_free(app: Connection) -> None:
    free = {
        "lease",
        "reactor_cursor",
        "deposit_cursor",
        "deposit_height",
        "deposit_left",
        "relay_cursor",
        "relay_channel",
        "parked",
        "parked_effect",
        "challenge",
        "provider_health",
        "bank_account",
        "saved_item",
        "quote",
    }
    rows = await app.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')"
    )
    assert {row["relname"] for row in rows} == free


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE diboas_owner",
        "SET SESSION AUTHORIZATION postgres",
        "SET session_replication_role = replica",
        "ALTER FUNCTION commit_units(jsonb, text, double precision) SECURITY INVOKER",
        "CREATE TABLE mine (id int)",
        "SELECT open_generation()",
        "SELECT commit_ledger('{}', NULL)",
        "SELECT commit_log('{}')",
        "SELECT commit_records('{}')",
        "SELECT commit_effects('{}', NULL, 0)",
        "SELECT commit_transactions('{}')",
        "SELECT setval('outbox_id_seq', 1)",
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL'",
    ],
)
async def test_the_application_finds_no_way_round(world: World, statement: str) -> None:
    """As its own login: the superuser that tests log in as could always go back."""
    connection = await asyncpg.connect(world.database.app_url, user="diboas_app")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", IMMUTABLE)
async def test_what_happened_is_not_changed_by_the_owner_either(
    owner: Connection, table: str
) -> None:
    column = await first_column(owner, table)
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is immutable"):
            await owner.execute(statement)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("partition", range(8))
async def test_an_entry_is_not_changed_through_its_partition(
    owner: Connection, partition: int
) -> None:
    for statement in ("UPDATE entry_{} SET asset = asset", "DELETE FROM entry_{}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is immutable"):
            await owner.execute(statement.format(partition))


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", KEPT)
async def test_what_stands_is_not_removed_by_the_owner_either(
    owner: Connection, table: str
) -> None:
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is immutable"):
            await owner.execute(statement)


@pytest.mark.usefixtures("filled")
async def test_triggers_fire_for_a_replica_too(world: World) -> None:
    async with world.admin.transaction():
        await world.admin.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is immutable"):
            await world.admin.execute("UPDATE entry SET asset = asset")


@pytest.mark.usefixtures("filled")
async def test_the_owner_adds_no_journal_that_does_not_sum_to_zero(owner: Connection) -> None:
    for table in ("entry", await home_of_an_entry(owner)):
        with pytest.raises(asyncpg.CheckViolationError, match="does not sum to zero"):
            await owner.execute(
                f"INSERT INTO {table} (SELECT gen_random_uuid(), account_id, sequence + 1000000, "
                "asset, 1, 0, 0, 0, 1, 0, 0, 0, at FROM "
                f"{await home_of_an_entry(owner)} LIMIT 1)"
            )


async def home_of_an_entry(connection: Connection) -> str:
    name: str = await connection.fetchval("SELECT tableoid::regclass::text FROM entry LIMIT 1")
    return name


async def test_a_balance_below_its_floor_is_refused_by_the_table_itself(
    owner: Connection,
) -> None:
    await owner.execute("RESET ROLE")
    for change in ("posted = -1", "held = posted + 1", "soft = posted + 1", "held = -1"):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(f"UPDATE balance SET {change} WHERE floor = 0")


async def committing(app: Connection, document: Document) -> None:
    await app.fetchval("SELECT commit_units($1)", document)


def document_of(*parts: Parts) -> Document:
    """As a defect or an intruder with the application's password might send it, unchecked."""
    made = unit(None, *parts)
    accounts = [posting.account for posting in made.postings]
    found: Document = json.loads(encode_batch([encode_unit(made)], accounts))
    return found


async def test_commit_units_refuses_a_journal_that_does_not_sum_to_zero(app: Connection) -> None:
    lonely: Parts = {"postings": (Posting(account=user_account(), posted=5),)}

    with pytest.raises(asyncpg.CheckViolationError, match="does not sum to zero"):
        await committing(app, document_of(lonely))


async def test_commit_units_refuses_a_journal_that_balances_across_assets(app: Connection) -> None:
    document = document_of(transfer(user_account(floor=None), user_account(), 5))
    document["postings"][0]["asset"] = document["accounts"][0]["asset"] = "SOL"

    with pytest.raises(asyncpg.CheckViolationError, match="does not sum to zero"):
        await committing(app, document)


async def test_commit_units_refuses_an_asset_that_is_not_the_accounts(app: Connection) -> None:
    document = document_of(transfer(user_account(floor=None), user_account(), 5))
    for posting in document["postings"]:
        posting["asset"] = "SOL"

    with pytest.raises(asyncpg.RaiseError, match="another asset"):
        await committing(app, document)


async def test_commit_units_refuses_accounts_that_nobody_opened(app: Connection) -> None:
    document = document_of(deposit(user_account(), 5))
    del document["accounts"]

    with pytest.raises(asyncpg.RaiseError, match="not open"):
        await committing(app, document)


@pytest.mark.parametrize("sequence", [2, 3])
async def test_commit_units_refuses_a_gap_in_a_stream(app: Connection, sequence: int) -> None:
    document = document_of()
    document["units"][0]["sequence"] = sequence

    with pytest.raises(asyncpg.RaiseError, match="without gaps"):
        await committing(app, document)


async def test_commit_units_is_the_first_to_write_in_its_transaction(app: Connection) -> None:
    async with app.transaction():
        await app.execute("INSERT INTO lease VALUES ($1, 'me', 1, clock_timestamp())", str(uuid4()))
        with pytest.raises(asyncpg.RaiseError, match="first to write"):
            await committing(app, document_of())
