"""Webhooks, stored once for ever."""

from collections.abc import Mapping
from typing import Final

from infrastructure.db.pool import Pool

_RECEIVE: Final = "SELECT receive_webhook($1, $2, $3, $4, $5)"


class Inbox:
    """Writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def receive(
        self,
        source: str,
        message_id: str,
        *,
        headers: Mapping[str, str],
        body: str,
        reference: str | None,
    ) -> bool:
        """Whether the message is new; on return it is stored, and what waits for `reference` is
        due. Without a reference it is stored as one that nobody could read."""
        is_new: bool = await self._pool.fetchval(
            _RECEIVE, source, message_id, dict(headers), body, reference
        )
        return is_new
