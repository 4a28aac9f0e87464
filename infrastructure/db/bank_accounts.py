"""Bank accounts of users, as providers know them; their numbers are never here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.shared.ids import UserId, WalletId
from infrastructure.db.pool import Pool, Record

_ADD: Final = """
    INSERT INTO bank_account (id, wallet_id, label, currency, country, rail, fingerprint)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING id
"""
_ADD_NAME: Final = """
    INSERT INTO bank_account_token (bank_account_id, provider, customer, token)
    VALUES ($1, $2, $3, $4)
"""
_USED: Final = """
    SELECT fingerprint, removed_at IS NOT NULL AS is_removed FROM bank_account WHERE id = $1
"""
_CUSTOMER: Final = "SELECT customer FROM provider_customer WHERE user_id = $1 AND provider = $2"
_ADD_CUSTOMER: Final = """
    INSERT INTO provider_customer (user_id, provider, customer) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
"""
_OF_WALLET: Final = """
    SELECT a.*, (SELECT jsonb_object_agg(t.provider, jsonb_build_array(t.customer, t.token))
        FROM bank_account_token t WHERE t.bank_account_id = a.id) AS tokens
    FROM bank_account a WHERE a.wallet_id = $1 AND a.removed_at IS NULL
    ORDER BY a.created_at, a.id
"""
_REMOVE: Final = """
    UPDATE bank_account SET removed_at = clock_timestamp()
    WHERE id = $1 AND wallet_id = $2 AND removed_at IS NULL RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankToken:
    """The user and their account, as one provider calls them."""

    customer: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBankAccount:
    """`label` may be shown; `tokens` by provider may not."""

    id: UUID
    label: str
    currency: str
    country: str
    rail: str
    tokens: Mapping[str, BankToken]
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedIdentifier:
    """What an account was added with, and whether it is gone."""

    fingerprint: str
    is_removed: bool


class BankAccountStore:
    """Through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def customer(self, user_id: UserId, provider: str) -> str | None:
        """What the provider calls the user, where it has said so."""
        found: str | None = await self._pool.fetchval(_CUSTOMER, user_id, provider)
        return found

    async def add_customer(self, user_id: UserId, provider: str, customer: str) -> str:
        """What the provider calls the user from now on: what was said first."""
        await self._pool.execute(_ADD_CUSTOMER, user_id, provider, customer)
        return await self.customer(user_id, provider) or customer

    async def used(self, account_id: UUID) -> UsedIdentifier | None:
        """Whoever's it is, removed or not."""
        row = await self._pool.fetchrow(_USED, account_id)
        return None if row is None else UsedIdentifier(**dict(row))

    async def add(
        self, wallet_id: WalletId, account: StoredBankAccount, *, fingerprint: str
    ) -> bool:
        """False: there is one of that id, and it stays as it is."""
        async with self._pool.acquire() as connection, connection.transaction():
            added = await connection.fetchval(
                _ADD,
                account.id,
                wallet_id,
                account.label,
                account.currency,
                account.country,
                account.rail,
                fingerprint,
            )
            for name, known in account.tokens.items() if added is not None else ():
                await connection.execute(_ADD_NAME, account.id, name, known.customer, known.token)
        return added is not None

    async def of_wallet(self, wallet_id: WalletId) -> list[StoredBankAccount]:
        """Those that are not removed, the oldest first."""
        return [_account(row) for row in await self._pool.fetch(_OF_WALLET, wallet_id)]

    async def remove(self, wallet_id: WalletId, account_id: UUID) -> bool:
        """False: the wallet has none such."""
        return await self._pool.fetchval(_REMOVE, account_id, wallet_id) is not None


def _account(row: Record) -> StoredBankAccount:
    return StoredBankAccount(
        id=row["id"],
        label=row["label"],
        currency=row["currency"],
        country=row["country"],
        rail=row["rail"],
        tokens={
            name: BankToken(customer=customer, token=token)
            for name, (customer, token) in (row["tokens"] or {}).items()
        },
        created_at=row["created_at"],
    )
