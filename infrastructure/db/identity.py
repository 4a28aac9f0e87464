"""Users, their wallets and addresses, and the challenges of sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg

from domain.shared.decision import KycLevel, Profile, RiskTier
from domain.shared.ids import UserId, WalletId
from infrastructure.db.limits import profile_of
from infrastructure.db.pool import Pool, Record

_USER: Final = """
    SELECT u.id, u.username, u.kyc_level, u.country, u.created_at, w.id AS wallet_id,
        (SELECT jsonb_object_agg(a.chain, a.address) FROM wallet_address a
            WHERE a.wallet_id = w.id) AS addresses
    FROM app_user u JOIN wallet w ON w.user_id = u.id
"""
_BY_ID: Final = f"{_USER} WHERE u.id = $1"
_BY_USERNAME: Final = f"{_USER} WHERE u.username_lower = lower($1)"
_BY_ADDRESS: Final = f"""
    {_USER} WHERE w.id = (
        SELECT a.wallet_id FROM wallet_address a WHERE a.chain = $1 AND a.address = $2)
"""
# The database asks for the usage itself, in the commit.
_PROFILE: Final = """
    SELECT kyc_level, country, risk_tier, '[]'::jsonb AS usage FROM app_user WHERE id = $1
"""
_USED_PROFILE: Final = """
    SELECT u.kyc_level, u.country, u.risk_tier, limit_usage(w.id) AS usage
    FROM app_user u JOIN wallet w ON w.user_id = u.id WHERE u.id = $1
"""
_DECIDE: Final = "SELECT decide_on_user($1, $2, $3, $4, $5)"
_CREATE: Final = "SELECT create_user($1, $2, $3, $4, $5, $6)"
_ISSUE: Final = """
    INSERT INTO challenge (nonce, address, message, expires_at) VALUES ($1, $2, $3, $4)
"""
_CONSUME: Final = """
    UPDATE challenge SET used_at = clock_timestamp()
    WHERE nonce = $1 AND used_at IS NULL
    RETURNING nonce, address, message, expires_at
"""
# A day behind their expiry challenges explain nothing any more.
_CLEAN: Final = "DELETE FROM challenge WHERE expires_at < clock_timestamp() - interval '1 day'"


class UserExists(Exception):
    """The username or an address belongs to a user already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUser:
    """A user with the wallet and its addresses by chain."""

    id: UserId
    wallet_id: WalletId
    username: str
    kyc_level: str
    country: str | None
    created_at: datetime
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What is to be signed for signing in, once."""

    nonce: str
    address: str
    message: str
    expires_at: datetime


class IdentityStore:
    """Reads and writes through a pool of `infrastructure.db.pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create_user(
        self,
        *,
        user_id: UserId,
        wallet_id: WalletId,
        username: str,
        addresses: Mapping[str, str],
        kyc_level: str = "unverified",
        country: str | None = None,
    ) -> None:
        """Raises `UserExists`."""
        try:
            await self._pool.execute(
                _CREATE, user_id, wallet_id, username, kyc_level, country, dict(addresses)
            )
        except asyncpg.UniqueViolationError as error:
            raise UserExists(username) from error

    async def profile(self, user_id: UserId) -> Profile | None:
        """What compliance decides by."""
        row = await self._pool.fetchrow(_PROFILE, user_id)
        return None if row is None else profile_of(user_id, row)

    async def used_profile(self, user_id: UserId) -> Profile | None:
        """The profile with what the user's wallet has taken of its limits."""
        row = await self._pool.fetchrow(_USED_PROFILE, user_id)
        return None if row is None else profile_of(user_id, row)

    async def decide(
        self, username: str, value: KycLevel | RiskTier, *, reason: str, operator: str
    ) -> bool:
        """Sets and records it; False where there is no such user."""
        subject = "kyc_level" if isinstance(value, KycLevel) else "risk_tier"
        found: bool = await self._pool.fetchval(_DECIDE, username, subject, value, reason, operator)
        return found

    async def by_id(self, user_id: UserId) -> StoredUser | None:
        return _user(await self._pool.fetchrow(_BY_ID, user_id))

    async def by_username(self, username: str) -> StoredUser | None:
        """Upper and lower case are one."""
        return _user(await self._pool.fetchrow(_BY_USERNAME, username))

    async def by_address(self, chain: str, address: str) -> StoredUser | None:
        return _user(await self._pool.fetchrow(_BY_ADDRESS, chain, address))

    async def issue_challenge(self, challenge: Challenge) -> None:
        await self._pool.execute(_CLEAN)
        await self._pool.execute(
            _ISSUE, challenge.nonce, challenge.address, challenge.message, challenge.expires_at
        )

    async def consume_challenge(self, nonce: str) -> Challenge | None:
        """The challenge, once; None when it is unknown or was used."""
        row = await self._pool.fetchrow(_CONSUME, nonce)
        return None if row is None else Challenge(**dict(row))


def _user(row: Record | None) -> StoredUser | None:
    if row is None:
        return None
    columns = dict(row)
    return StoredUser(**{**columns, "addresses": columns["addresses"] or {}})
