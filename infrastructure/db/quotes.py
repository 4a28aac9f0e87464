"""Quotes: terms that users were shown. That one was used stands with the key of its use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.shared.ids import UserId
from infrastructure.db.pool import Pool

CLEANED_MAX: Final = 50
"""Quotes that one new quote clears away at most."""

_ADD: Final = """
    INSERT INTO quote (id, user_id, operation, input_hash, provider, terms, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7)
"""
_FIND: Final = """
    SELECT q.id, q.operation, q.input_hash, q.provider, q.terms::text AS terms, q.expires_at,
        q.expires_at <= clock_timestamp() AS expired, k.quote_id IS NOT NULL AS used
    FROM quote q LEFT JOIN idempotency_key k ON k.quote_id = q.id
    WHERE q.id = $1 AND q.user_id = $2
"""
# A day behind its expiry nobody asks for a quote any more; what was begun has its terms in the log.
_CLEAN: Final = """
    DELETE FROM quote WHERE id IN (
        SELECT q.id FROM quote q WHERE q.expires_at < clock_timestamp() - interval '1 day'
        ORDER BY q.expires_at LIMIT $1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuote:
    """`terms` is the JSON of what the flow's beginning needs."""

    id: UUID
    operation: str
    input_hash: str
    provider: str
    terms: str
    expires_at: datetime
    expired: bool = False
    used: bool = False


class QuoteStore:
    """Through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, user_id: UserId, quote: StoredQuote) -> None:
        async with self._pool.acquire() as connection:
            await connection.execute(_CLEAN, CLEANED_MAX)
            await connection.execute(
                _ADD,
                quote.id,
                user_id,
                quote.operation,
                quote.input_hash,
                quote.provider,
                quote.terms,
                quote.expires_at,
            )

    async def find(self, user_id: UserId, quote_id: UUID) -> StoredQuote | None:
        """None for somebody else's too."""
        row = await self._pool.fetchrow(_FIND, quote_id, user_id)
        return None if row is None else StoredQuote(**dict(row))
