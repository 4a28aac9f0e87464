"""Many users with money for a benchmark, made the way that they come to be: keys of their own,
a row each, and USDC that the platform finds on the chain."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from solders.keypair import Keypair

from bench.platform import Ready
from bench.send_client import Customer
from domain.shared.accounts import available
from domain.shared.ids import UserId, WalletId
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool, create_pool
from infrastructure.demo.funding import Faucet
from infrastructure.demo.users import CHAIN
from infrastructure.http import HttpClient
from infrastructure.web.auth import TokenAuthority, TokenSettings

_BOOKED_SECONDS_MAX: Final = 120.0
_POLL_SECONDS: Final = 0.25
_FIRST_USDC: Final = "5000"
_MOVED: Final = "SELECT count(*) FROM balance WHERE account_id = ANY($1) AND sequence > 0"


@dataclass(frozen=True, slots=True)
class Person:
    user_id: UserId
    wallet_id: WalletId
    username: str
    keypair: Keypair


async def populate(ready: Ready, data_dir: Path, pairs: int) -> list[Customer]:
    """That many senders with money, each with a recipient of their own, both on the chain."""
    senders, recipients = _people("sender", pairs), _people("taker", pairs)
    pool = await create_pool(ready.database_url, size_max=4)
    try:
        await _introduce(pool, [*senders, *recipients])
        await _fund(ready, senders, _FIRST_USDC)
        await _fund(ready, recipients, "0")
        await _await_booked(pool, senders)
    finally:
        await pool.close()
    secret = (data_dir / "keys" / "jwt_secret").read_text()
    tokens = TokenAuthority(TokenSettings(secret=secret))
    return [
        Customer(
            token=tokens.issue_token(user_id=str(sender.user_id), username=sender.username),
            key=str(sender.keypair),
            recipient=f"@{recipient.username}",
        )
        for sender, recipient in zip(senders, recipients, strict=True)
    ]


def _people(name: str, count: int) -> list[Person]:
    return [
        Person(UserId(uuid4()), WalletId(uuid4()), f"{name}_{number}", Keypair())
        for number in range(count)
    ]


async def _introduce(pool: Pool, people: list[Person]) -> None:
    store = IdentityStore(pool)
    for person in people:
        await store.create_user(
            user_id=person.user_id,
            wallet_id=person.wallet_id,
            username=person.username,
            addresses={CHAIN: str(person.keypair.pubkey())},
            kyc_level="advanced",
            country="US",
        )


async def _fund(ready: Ready, people: list[Person], usdc: str) -> None:
    async with HttpClient() as client:
        faucet = Faucet(client, ready.sandbox_url, ready.solana_rpc_url)
        for person in people:
            await faucet.fund_user(person.keypair.pubkey(), usdc)


async def _await_booked(pool: Pool, people: list[Person]) -> None:
    accounts = [available(person.wallet_id).id for person in people]
    async with asyncio.timeout(_BOOKED_SECONDS_MAX):
        while True:
            if await pool.fetchval(_MOVED, accounts) == len(accounts):
                return
            await asyncio.sleep(_POLL_SECONDS)
