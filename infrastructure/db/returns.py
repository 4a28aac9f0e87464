"""Which credits have been taken for what came back of a payout."""

from collections.abc import Sequence
from typing import Final

from domain.provider.payouts import RETURNS
from infrastructure.db.pool import Pool

_MATCHED: Final = "SELECT signature FROM chain_claim WHERE chain = $1 AND signature = ANY ($2)"


class ReturnReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def matched(self, transaction_hashes: Sequence[str]) -> set[str]:
        """Those of the transactions that are some payout's already."""
        if not transaction_hashes:
            return set()
        rows = await self._pool.fetch(_MATCHED, RETURNS, list(transaction_hashes))
        return {row["signature"] for row in rows}
