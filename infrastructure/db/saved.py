"""What users keep to find again, and whom they prefer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.shared.ids import UserId, WalletId
from infrastructure.db.pool import Pool, Record

_ADD: Final = """
    INSERT INTO saved_item (id, wallet_id, kind, label, content)
    SELECT $1, $2, $3, $4, $5 WHERE $6 > (
        SELECT count(*) FROM saved_item
        WHERE wallet_id = $2 AND kind = $3 AND removed_at IS NULL)
    ON CONFLICT DO NOTHING RETURNING id
"""
_BY_ID: Final = "SELECT id, label, content, created_at, removed_at FROM saved_item WHERE id = $1"
_OF_WALLET: Final = """
    SELECT id, label, content, created_at, removed_at FROM saved_item
    WHERE wallet_id = $1 AND kind = $2 AND removed_at IS NULL ORDER BY created_at, id
"""
_REMOVE: Final = """
    UPDATE saved_item SET removed_at = clock_timestamp()
    WHERE wallet_id = $1 AND kind = $2 AND id = $3 AND removed_at IS NULL RETURNING id
"""
_USERNAMES: Final = "SELECT id, username FROM app_user WHERE id = ANY ($1::uuid[])"
_PREFER: Final = "UPDATE app_user SET preferred_providers = $2 WHERE id = $1"
_PREFERRED: Final = "SELECT preferred_providers FROM app_user WHERE id = $1"


class SavedKind(StrEnum):
    """What is kept; its `content` names its parts."""

    CONTACT = "CONTACT"
    ADDRESS = "ADDRESS"
    PAYMENT_METHOD = "PAYMENT_METHOD"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedItem:
    """A contact's `content` is its `user_id`; an address's `chain` and `address`; a payment method's
    `provider`, `payment_method` and `token`."""

    id: UUID
    label: str
    content: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptItem(SavedItem):
    """One that is stored, or was until it was removed."""

    created_at: datetime
    is_removed: bool = False


class SavedStore:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self, wallet_id: WalletId, kind: SavedKind, item: SavedItem, *, count_max: int
    ) -> bool:
        """False: the wallet keeps the same already, or as many as it may."""
        added = await self._pool.fetchval(
            _ADD, item.id, wallet_id, kind, item.label, dict(item.content), count_max
        )
        return added is not None

    async def by_id(self, item_id: UUID) -> KeptItem | None:
        """Whoever's it is, removed or not."""
        row = await self._pool.fetchrow(_BY_ID, item_id)
        return None if row is None else _item(row)

    async def of_wallet(self, wallet_id: WalletId, kind: SavedKind) -> list[KeptItem]:
        """The oldest first."""
        return [_item(row) for row in await self._pool.fetch(_OF_WALLET, wallet_id, kind)]

    async def remove(self, wallet_id: WalletId, kind: SavedKind, item_id: UUID) -> bool:
        """False: the wallet has none such."""
        return await self._pool.fetchval(_REMOVE, wallet_id, kind, item_id) is not None

    async def usernames(self, user_ids: list[UUID]) -> Mapping[UUID, str]:
        """Those of users that there are."""
        rows = await self._pool.fetch(_USERNAMES, user_ids)
        return {row["id"]: row["username"] for row in rows}

    async def prefer(self, user_id: UserId, providers: list[str]) -> None:
        """These and no others from now on."""
        await self._pool.execute(_PREFER, user_id, providers)

    async def preferred(self, user_id: UserId) -> list[str]:
        return list(await self._pool.fetchval(_PREFERRED, user_id) or ())


def _item(row: Record) -> KeptItem:
    return KeptItem(
        id=row["id"],
        label=row["label"],
        content=row["content"],
        created_at=row["created_at"],
        is_removed=row["removed_at"] is not None,
    )
