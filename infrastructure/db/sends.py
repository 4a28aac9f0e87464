"""What a Send has to know before it begins, in one read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from domain.contracts.events import Recipient
from domain.shared.assets import Chain
from domain.shared.decision import Profile
from domain.shared.ids import ActionId, StreamId, UserId, WalletId
from infrastructure.db.limits import profile_of
from infrastructure.db.pool import Pool, Record

_OPENING: Final = """
    SELECT u.username, u.kyc_level, u.country, u.risk_tier, limit_usage(w.id) AS usage,
        w.id AS wallet_id, a.address,
        coalesce(b.posted - b.held - b.soft, 0) AS spendable, k.input_hash, k.result,
        r.user_id AS recipient_user_id, r.username AS recipient_username,
        r.wallet_id AS recipient_wallet_id, r.address AS recipient_address
    FROM app_user u
    JOIN wallet w ON w.user_id = u.id
    JOIN wallet_address a ON a.wallet_id = w.id AND a.chain = $2
    LEFT JOIN account c ON c.code = 'available:' || w.id
    LEFT JOIN balance b ON b.account_id = c.id
    LEFT JOIN idempotency_key k ON k.principal = $3 AND k.operation = $4 AND k.key = $5
    LEFT JOIN ({recipient}) r ON true
    WHERE u.id = $1
"""
_RECIPIENT: Final = """
    SELECT ru.id AS user_id, ru.username, rw.id AS wallet_id, ra.address
    FROM app_user ru
    JOIN wallet rw ON rw.user_id = ru.id
    JOIN wallet_address ra ON ra.wallet_id = rw.id AND ra.chain = $2
"""
_BY_USERNAME: Final = _OPENING.format(
    recipient=f"{_RECIPIENT} WHERE ru.username_lower = lower($6::text)"
)
_BY_ADDRESS: Final = _OPENING.format(recipient=f"{_RECIPIENT} WHERE ra.address = $6::text")
_ACTION: Final = """
    SELECT a.transaction_id FROM user_action a
    JOIN wallet w ON w.id = a.wallet_id WHERE a.id = $1 AND w.user_id = $2
"""


_FAILED: Final = """
    SELECT i.at FROM wallet w JOIN provider_interaction i ON i.wallet_id = w.id
    WHERE w.user_id = $1 AND i.operation = 'confirm' AND i.outcome = 'FAILED'
        AND i.provider = $2 AND i.at > $3
    ORDER BY i.at DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """What an idempotency key was used for before."""

    input_hash: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOpening:
    """The sender, what they can spend (USDC base units), and the recipient if we know them."""

    wallet_id: WalletId
    username: str
    address: str
    profile: Profile
    spendable: int
    known: StoredResult | None
    recipient: Recipient | None


class Named(Protocol):
    """Whom a user named: by name or by address."""

    @property
    def username(self) -> str | None: ...
    @property
    def address(self) -> str | None: ...


class SendReader:
    """Reads through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def opening(
        self, user_id: UserId, *, operation: str, key: str, recipient: Named
    ) -> SendOpening | None:
        """The recipient by name or by address; None for a user who cannot send."""
        by_name = recipient.username is not None
        row = await self._pool.fetchrow(
            _BY_USERNAME if by_name else _BY_ADDRESS,
            user_id,
            Chain.SOLANA,
            str(user_id),
            operation,
            key,
            recipient.username if by_name else recipient.address,
        )
        return None if row is None else _opening(user_id, row)

    async def stream_of(self, action_id: ActionId, user_id: UserId) -> StreamId | None:
        """The transaction of an action, if it is that user's."""
        found = await self._pool.fetchval(_ACTION, action_id, user_id)
        return None if found is None else StreamId(found)

    async def failed_on_chain(
        self, user_id: UserId, gateway: str, *, since: datetime, count_max: int
    ) -> list[datetime]:
        """When the user's last transactions that landed there and failed did so, the newest first."""
        rows = await self._pool.fetch(_FAILED, user_id, gateway, since, count_max)
        return [row["at"] for row in rows]


def _opening(user_id: UserId, row: Record) -> SendOpening:
    used = row["input_hash"] is not None
    return SendOpening(
        wallet_id=row["wallet_id"],
        username=row["username"],
        address=row["address"],
        profile=profile_of(user_id, row),
        spendable=row["spendable"],
        known=StoredResult(input_hash=row["input_hash"], result=row["result"]) if used else None,
        recipient=None
        if row["recipient_user_id"] is None
        else Recipient(
            address=row["recipient_address"],
            username=row["recipient_username"],
            user_id=row["recipient_user_id"],
            wallet_id=row["recipient_wallet_id"],
        ),
    )
