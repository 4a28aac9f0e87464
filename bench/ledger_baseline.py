"""What the committer is compared with: the bare call, and the same work statement by statement."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec

from bench.stats import Sample
from domain.shared.ids import AccountId
from domain.shared.unit import Unit
from infrastructure.db.encoding import encode_batch, encode_payload, encode_unit, unit_journal_id
from infrastructure.db.pool import Connection, Pool, connect, install_codecs

_COMMIT: Final = "SELECT commit_units($1, $2, $3)"
LEASE: Final = ("bench", 30.0)

_BALANCES: Final = """
    SELECT account_id, posted, held, soft, incoming, floor, sequence, last_at, clock_timestamp()
    FROM balance WHERE account_id = ANY ($1) ORDER BY account_id FOR NO KEY UPDATE
"""
_OPEN: Final = """
    INSERT INTO transaction (id, wallet_id, user_id, type, state, amount, asset)
    VALUES ($1, $2, $2, 'SEND', $3, $4, 'USDC')
"""
_MOVE: Final = """
    UPDATE transaction SET state = $2, progress_percent = 40, waiting_on = 'PROVIDER',
        updated_at = clock_timestamp() WHERE id = $1
"""
_STREAM: Final = """
    INSERT INTO stream AS s (id, wallet_id, sequence, handled) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET sequence = EXCLUDED.sequence,
        handled = s.handled || EXCLUDED.handled WHERE s.sequence = $5 RETURNING sequence
"""
_KEY: Final = """
    INSERT INTO idempotency_key (principal, operation, key, input_hash, result, stream_id)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
"""
_EVENT: Final = """
    INSERT INTO outbox (generation, event_id, stream_id, wallet_id, sequence, type, kind, attempt,
        skipped, state, occurred_at, correlation_id, data)
    VALUES (1, $1, $2, $3, $4, $5, $6, $7, false, $8, $9, $10, $11)
"""
_HISTORY: Final = """
    INSERT INTO transaction_history (transaction_id, event_sequence, position, wallet_id, state,
        event_type, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_EFFECT: Final = """
    INSERT INTO effect (id, stream_id, wallet_id, group_name, kind, key, attempt, state, epoch,
        tries, unanswered, lease_owner, lease_until, due_at, request)
    VALUES ($1, $2, $3, $4, $5, $6, 1, 'INTENT', 1, 1, true, 'bench',
        clock_timestamp() + interval '30 seconds', $7, $8)
"""
_JOURNAL: Final = "INSERT INTO journal VALUES ($1, $2, $3, $4, $5, $6)"
# One statement for both entries: each alone would not sum to zero.
_ENTRIES: Final = """
    INSERT INTO entry SELECT $1, a, s, 'USDC', d, 0, 0, 0, p, 0, 0, 0, $2
    FROM unnest($3::uuid[], $4::bigint[], $5::numeric[], $6::numeric[]) AS e(a, s, d, p)
"""
_BALANCE: Final = """
    UPDATE balance SET posted = $2, sequence = $3, last_at = $4 WHERE account_id = $1
"""


async def bare_calls(url: str, clients: Sequence[Sequence[Unit]], *, connections: int) -> Sample:
    """The batches as the committer would send them, one unit of each client, encoded beforehand.

    Each connection has clients of its own, so that the units of a stream follow each other."""
    opened = [await connect(url) for _ in range(connections)]
    shares = [_batches(clients[n::connections]) for n in range(connections)]
    latencies: list[float] = []

    async def work(connection: Connection, batches: Sequence[msgspec.Raw]) -> None:
        for batch in batches:
            began = time.perf_counter()
            answer = await connection.fetchval(_COMMIT, batch, *LEASE)
            latencies.append(time.perf_counter() - began)
            assert not answer["refused"]

    began = time.perf_counter()
    await asyncio.gather(*map(work, opened, shares))
    seconds = time.perf_counter() - began
    for connection in opened:
        await connection.close()
    return Sample(sum(map(len, clients)), seconds, latencies)


def _batches(clients: Sequence[Sequence[Unit]]) -> list[msgspec.Raw]:
    return [
        msgspec.Raw(encode_batch([encode_unit(unit) for unit in units], []))
        for units in zip(*clients, strict=True)
    ]


async def owner_pool(url: str, *, size: int) -> Pool:
    """Connections that may write the tables directly, as no process of the platform may."""
    pool: Pool = await asyncpg.create_pool(
        url, min_size=size, max_size=size, init=install_codecs, reset=_nothing
    )
    return pool


async def interactive(pool: Pool, unit: Unit) -> None:
    """The Unit as single statements in a transaction."""
    async with pool.acquire() as connection, connection.transaction():
        await _write_stream(connection, unit)
        await _write_ledger(connection, unit)
        await _write_records(connection, unit)


async def _write_stream(connection: Any, unit: Unit) -> None:  # noqa: ANN401  a pool's proxy of one
    sequence = unit.expected_sequence + len(unit.events)
    handled = {group: moved[1] for group, moved in unit.handled.items()}
    assert await connection.fetchval(
        _STREAM, unit.stream_id, unit.wallet_id, sequence, handled, unit.expected_sequence
    )
    key = unit.key
    assert key is not None
    assert await connection.fetchval(
        _KEY, key.principal, key.operation, key.key, key.input_hash, key.result, unit.stream_id
    )
    for event in unit.events:
        await connection.execute(
            _EVENT,
            *(event.id, event.stream_id, event.wallet_id, event.sequence, event.type, event.kind),
            *(event.attempt, event.state, event.occurred_at, event.correlation_id),
            msgspec.Raw(encode_payload(event.data)),
        )


async def _write_ledger(connection: Any, unit: Unit) -> None:  # noqa: ANN401  a pool's proxy of one
    deltas: dict[AccountId, int] = {each.account.id: each.posted for each in unit.postings}
    balances = await connection.fetch(_BALANCES, list(deltas))
    at = max(max(row["last_at"], row["clock_timestamp"]) for row in balances)
    lines = [
        (
            row["account_id"],
            row["sequence"] + 1,
            deltas[row["account_id"]],
            row["posted"] + deltas[row["account_id"]],
        )
        for row in balances
    ]
    journal = unit_journal_id(unit)
    sequence = unit.expected_sequence + len(unit.events)
    ids, sequences, moved, after = map(list, zip(*lines, strict=True))
    await connection.execute(_JOURNAL, journal, unit.stream_id, unit.wallet_id, sequence, at, ids)
    await connection.execute(_ENTRIES, journal, at, ids, sequences, moved, after)
    for account, number, _, posted in lines:
        await connection.execute(_BALANCE, account, posted, number, at)


async def _write_records(connection: Any, unit: Unit) -> None:  # noqa: ANN401  a pool's proxy of one
    moved = unit.transaction
    assert moved is not None
    if moved.opens:
        amount = moved.fields["amount"]
        await connection.execute(_OPEN, unit.stream_id, unit.wallet_id, moved.state, amount)
    else:
        await connection.execute(_MOVE, unit.stream_id, moved.state)
    for row in unit.history:
        await connection.execute(
            _HISTORY,
            *(unit.stream_id, row.event_sequence, row.position, unit.wallet_id),
            *(row.state, row.event_type, row.at),
        )
    for effect in unit.effects_requested:
        await connection.execute(
            _EFFECT,
            *(effect.id, unit.stream_id, unit.wallet_id, effect.group, effect.kind, effect.key),
            *(effect.due_at, effect.request),
        )


async def _nothing(connection: Connection) -> None:
    """The pool's own reset costs a round trip; the baseline is spared it too."""
