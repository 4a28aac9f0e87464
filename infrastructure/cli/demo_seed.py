"""Demo users with keys, tokens and first money: what `diboas up` makes and names when ready.

Balances are never written here: money is minted on the sandbox's chain, and the platform books
what it sees there.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from solders.pubkey import Pubkey

from domain.shared.accounts import available
from infrastructure.db.identity import IdentityStore, StoredUser
from infrastructure.db.pool import Pool, create_pool
from infrastructure.demo.funding import Faucet
from infrastructure.demo.users import CHAIN, PEOPLE, SeededUser, ensure_user, keypair_file
from infrastructure.http import HttpClient
from infrastructure.services.connections.model import load_connections
from infrastructure.services.solana import open_gateway
from infrastructure.services.tokens import token_authority
from infrastructure.settings import Settings, StartupError
from infrastructure.web.auth import TokenAuthority

# A demonstration that runs over a weekend shall not end in "sign in again".
TOKEN_LIFETIME: Final = timedelta(days=7)
_BOOKED_SECONDS_MAX: Final = 20.0
_POLL_SECONDS: Final = 0.05
_OK: Final = 200
_MOVED: Final = "SELECT count(*) FROM balance WHERE account_id = ANY($1) AND sequence > 0"


async def seed(settings: Settings, data_dir: Path) -> Sequence[SeededUser]:
    """The demo users, ready to send: known to the database, their first money on the chain and
    booked. What is there already stays as it is."""
    tokens = token_authority(settings, lifetime=TOKEN_LIFETIME)
    pool = await create_pool(settings.database_url, size_max=2)
    try:
        store = IdentityStore(pool)
        users = [await ensure_user(store, person, data_dir) for person in PEOPLE]
        await _fund(settings, users)
        await _await_booked(pool, users)
    finally:
        await pool.close()
    return [_seeded(user, tokens, data_dir) for user in users]


async def fund_platform(settings: Settings) -> None:
    """What the platform itself needs on the sandbox's chain before it works."""
    async with HttpClient() as client:
        gateway = open_gateway(settings, client)
        await _faucet(settings, client).fund_platform(
            fee_payer=gateway.fee_payer, treasury_owner=gateway.treasury_owner
        )


def _faucet(settings: Settings, client: HttpClient) -> Faucet:
    return Faucet(client, settings.sandbox_url, settings.solana_rpc_urls[0])


async def _fund(settings: Settings, users: Sequence[StoredUser]) -> None:
    async with HttpClient() as client:
        await _direct_webhooks(settings, client)
        faucet = _faucet(settings, client)
        for user, person in zip(users, PEOPLE, strict=True):
            if person.first_usdc != "0":
                await faucet.fund_user(Pubkey.from_string(user.addresses[CHAIN]), person.first_usdc)


async def _direct_webhooks(settings: Settings, client: HttpClient) -> None:
    """The simulated providers call this platform back."""
    for name in load_connections(settings.providers_file).calling_back:
        order = {
            "provider": name,
            "url": f"http://{settings.host}:{settings.port}/webhooks/{name}",
        }
        answer = await client.request(
            "POST", f"{settings.sandbox_url}/control/webhooks", content=msgspec.json.encode(order)
        )
        if answer.status != _OK:
            raise StartupError(f"the sandbox does not take where to call us: HTTP {answer.status}")


async def _await_booked(pool: Pool, users: Sequence[StoredUser]) -> None:
    """Wait until each funded user's balance has moved once; on a later start it has already."""
    funded = [
        available(user.wallet_id).id
        for user, person in zip(users, PEOPLE, strict=True)
        if person.first_usdc != "0"
    ]
    try:
        async with asyncio.timeout(_BOOKED_SECONDS_MAX):
            while True:
                if await pool.fetchval(_MOVED, funded) == len(funded):
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise StartupError(
            f"the first money was not booked within {_BOOKED_SECONDS_MAX:.0f} seconds"
        ) from None


def _seeded(user: StoredUser, tokens: TokenAuthority, data_dir: Path) -> SeededUser:
    return SeededUser(
        username=user.username,
        token=tokens.issue_token(user_id=str(user.id), username=user.username),
        addresses={chain.lower(): address for chain, address in user.addresses.items()},
        keypair_file=keypair_file(data_dir, user.username),
    )
