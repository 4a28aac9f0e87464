"""What wallets owe the platform from earlier."""

from typing import Final

from domain.shared.accounts import fee_due
from domain.shared.ids import WalletId
from infrastructure.db.pool import Pool

_DUE: Final = "SELECT posted - held FROM balance WHERE account_id = $1"


class DueReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fee_due(self, wallet_id: WalletId) -> int:
        """USDC base units that no transaction has taken on itself; the database decides in the
        end."""
        return int(await self._pool.fetchval(_DUE, fee_due(wallet_id).id) or 0)
