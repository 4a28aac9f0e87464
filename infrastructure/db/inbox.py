"""Webhooks, stored once for ever."""

from typing import Final

from domain.shared.unit import Message
from infrastructure.db.effects import claimed_effect
from infrastructure.db.pool import Pool
from infrastructure.sagas.hints import Awaiting

_RECEIVE: Final = "SELECT receive_webhook($1, $2, $3, $4, $5)"
# `taken_over` is what a claim would say of the effect.
_AWAITING: Final = """
    SELECT EXISTS (SELECT FROM inbox i WHERE i.source = $1 AND i.message_id = $2) AS is_known,
        e.id, e.stream_id, e.wallet_id, e.group_name, e.kind, e.key, e.attempt, e.state, e.epoch,
        e.tries, e.unanswered AS taken_over, e.request, e.response
    FROM (SELECT) AS one LEFT JOIN LATERAL (
        SELECT * FROM effect
        WHERE state IN ('INTENT', 'PENDING', 'UNKNOWN') AND request->>'reference' = $3
            AND request ? 'provider' AND request->>'provider' = $1
        ORDER BY unanswered LIMIT 1
    ) e ON true
"""


class Inbox:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def awaiting(self, message: Message) -> Awaiting:
        """Whether it is stored already, and what waits for it."""
        row = await self._pool.fetchrow(
            _AWAITING, message.source, message.message_id, message.reference
        )
        if row is None or row["id"] is None:
            return Awaiting(is_known=row is not None and row["is_known"])
        columns = dict(row)
        is_known = columns.pop("is_known")
        effect = claimed_effect(columns)
        return Awaiting(is_known=is_known, effect=effect, is_held=effect.taken_over)

    async def receive(self, message: Message) -> bool:
        """Whether the message is new; on return it is stored, and what waits for its reference is
        due. Without a reference it is stored as one that nobody could read."""
        is_new: bool = await self._pool.fetchval(
            _RECEIVE,
            message.source,
            message.message_id,
            dict(message.headers),
            message.body,
            message.reference,
        )
        return is_new
