"""What a swap has to know of its user before it begins, in one read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.contracts.events import Recipient
from domain.shared.assets import NATIVE, USDC, Asset, Chain
from domain.shared.decision import Profile
from domain.shared.ids import UserId, WalletId
from infrastructure.db.limits import profile_of
from infrastructure.db.pool import Pool
from infrastructure.db.sends import StoredResult

_OPENING: Final = """
    SELECT u.username, u.kyc_level, u.country, u.risk_tier, u.preferred_providers,
        limit_usage(w.id) AS usage,
        w.id AS wallet_id, coalesce(b.posted - b.held - b.soft, 0) AS spendable,
        coalesce(g.posted - g.held - g.soft, 0) AS gas_spendable,
        (SELECT jsonb_object_agg(a.chain, a.address) FROM wallet_address a
            WHERE a.wallet_id = w.id) AS addresses,
        k.input_hash, k.result
    FROM app_user u
    JOIN wallet w ON w.user_id = u.id
    LEFT JOIN account c ON c.code = format($2, w.id)
    LEFT JOIN balance b ON b.account_id = c.id
    LEFT JOIN account d ON d.code = format($6, w.id)
    LEFT JOIN balance g ON g.account_id = d.id
    LEFT JOIN idempotency_key k ON k.principal = $3 AND k.operation = $4 AND k.key = $5
    WHERE u.id = $1
"""

_OWNER: Final = """
    SELECT w.user_id, w.id AS wallet_id
    FROM wallet_address a
    JOIN wallet w ON w.id = a.wallet_id
    WHERE a.chain = $1 AND a.address = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOpening:
    """The user, providers that they prefer, what they can spend of the source and of the asset that
    its network is paid in (base units), their addresses by chain, and what the key was used for."""

    wallet_id: WalletId
    username: str
    profile: Profile
    preferred: frozenset[str]
    spendable: int
    gas_spendable: int
    addresses: Mapping[str, str]
    known: StoredResult | None


class SwapReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def opening(
        self, user_id: UserId, *, source: Asset, operation: str, key: str
    ) -> SwapOpening | None:
        """None for somebody who is no user."""
        account = "available:%s" if source == USDC else f"invested:%s:{source.symbol}"
        gas = f"invested:%s:{NATIVE[source.chain].symbol}"
        row = await self._pool.fetchrow(
            _OPENING, user_id, account, str(user_id), operation, key, gas
        )
        if row is None:
            return None
        used = row["input_hash"] is not None
        return SwapOpening(
            wallet_id=row["wallet_id"],
            username=row["username"],
            profile=profile_of(user_id, row),
            preferred=frozenset(row["preferred_providers"]),
            spendable=row["spendable"],
            gas_spendable=row["gas_spendable"],
            addresses=row["addresses"] or {},
            known=StoredResult(input_hash=row["input_hash"], result=row["result"])
            if used
            else None,
        )

    async def recipient(self, address: str, *, chain: Chain) -> Recipient:
        """Whose the address is: a user's, whose name is not told, or somebody's beyond the platform."""
        row = await self._pool.fetchrow(_OWNER, chain, address)
        return Recipient(address=address) if row is None else Recipient(address=address, **row)
