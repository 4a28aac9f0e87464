"""Who the demo users are, and their keys as files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.shared.assets import Chain
from domain.shared.ids import UserId, WalletId
from infrastructure.chains.solana.errors import InvalidKeyFile
from infrastructure.chains.solana.keys import load_or_create_keypair
from infrastructure.db.identity import IdentityStore, StoredUser, UserExists
from infrastructure.demo.device import address_of
from infrastructure.demo.device.secrets import load_or_create_secret, secret_file
from infrastructure.settings import StartupError

CHAIN: Final = Chain.SOLANA
KYC_LEVEL: Final = "advanced"
COUNTRY: Final = "US"
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:diboas:demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """`first_usdc` is what they begin with, a decimal string."""

    username: str
    first_usdc: str


# Carol has nothing, not even an account for USDC: who sends to her first pays for its creation.
PEOPLE: Final = (
    DemoPerson(username="alice", first_usdc="1000"),
    DemoPerson(username="bob", first_usdc="250"),
    DemoPerson(username="carol", first_usdc="0"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededUser:
    """A demo user as the ready file names them; `addresses` by the chain's name in lower case."""

    username: str
    token: str
    addresses: Mapping[str, str]
    keypair_file: Path


def keypair_file(data_dir: Path, username: str) -> Path:
    return data_dir / "demo" / "keys" / f"{username}.json"


async def ensure_user(store: IdentityStore, person: DemoPerson, data_dir: Path) -> StoredUser:
    """The user in the database with the addresses of the keys on disk; all are made once."""
    try:
        addresses = addresses_of(keypair_file(data_dir, person.username))
    except InvalidKeyFile as error:
        raise StartupError(str(error)) from None
    user = await store.by_username(person.username)
    if user is None:
        user = await _create(store, person, addresses)
    if user.addresses != addresses:
        raise StartupError(
            f"the database knows {person.username} by other addresses than {data_dir}/demo: "
            "they are of different runs; take an empty database or the old data directory"
        )
    return user


def addresses_of(keypair: Path) -> Mapping[str, str]:
    """By chain, those of the Solana keypair and of the keys beside it, made at the first call.
    Raises InvalidKeyFile."""
    owner = load_or_create_keypair(keypair)
    others: dict[str, str] = {
        chain: address_of(chain, load_or_create_secret(secret_file(keypair, chain)))
        for chain in Chain
        if chain is not CHAIN
    }
    return {CHAIN: str(owner.pubkey()), **others}


async def _create(
    store: IdentityStore, person: DemoPerson, addresses: Mapping[str, str]
) -> StoredUser:
    address = addresses[CHAIN]
    try:
        await store.create_user(
            user_id=UserId(_identifier("user", person.username, address)),
            wallet_id=WalletId(_identifier("wallet", person.username, address)),
            username=person.username,
            addresses=addresses,
            kyc_level=KYC_LEVEL,
            country=COUNTRY,
        )
    except UserExists:
        raise StartupError(f"an address of {person.username} belongs to another user") from None
    user = await store.by_username(person.username)
    if user is None:
        raise StartupError(f"{person.username} cannot be found right after it was made")
    return user


def _identifier(kind: str, username: str, address: str) -> UUID:
    return uuid5(_NAMESPACE, f"{kind}:{username}:{address}")
