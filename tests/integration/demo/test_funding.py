"""First money and demo users are made once, however often the platform starts."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from solders.keypair import Keypair

from domain.shared.assets import ASSETS, Chain
from infrastructure.chains.bitcoin import addresses as bitcoin
from infrastructure.chains.ethereum import addresses as ethereum
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.chains.sui import addresses as sui
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import create_pool
from infrastructure.demo.funding import LAMPORTS_MIN, Faucet
from infrastructure.demo.users import CHAIN, PEOPLE, addresses_of, ensure_user, keypair_file
from infrastructure.http import HttpClient
from infrastructure.sandbox.app import create_sandbox
from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.settings import StartupError
from tests.conftest import Database

URL = "http://sandbox"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    app = create_sandbox(SandboxSettings())
    async with HttpClient(transport=httpx.ASGITransport(app=app)) as opened:
        yield opened
    app.state.solana.close()


async def test_a_user_is_funded_once(client: HttpClient) -> None:
    faucet, owner = Faucet(client, URL, f"{URL}/solana"), Keypair().pubkey()

    assert await faucet.fund_user(owner, "1000")
    assert not await faucet.fund_user(owner, "1000")

    rpc = SolanaRpc(client, (f"{URL}/solana",))
    held = await rpc.token_balance(associated_token_account(owner), "processed")
    assert held == 1_000_000_000


async def test_the_fee_payer_gets_sol_when_it_runs_low(client: HttpClient) -> None:
    faucet, payer = Faucet(client, URL, f"{URL}/solana"), Keypair().pubkey()
    rpc = SolanaRpc(client, (f"{URL}/solana",))

    await faucet.fund_platform(fee_payer=payer, treasury_owner=payer)
    first = await rpc.balance(payer, "processed")
    await faucet.fund_platform(fee_payer=payer, treasury_owner=payer)

    assert first > LAMPORTS_MIN
    assert await rpc.balance(payer, "processed") == first
    assert await rpc.token_balance(associated_token_account(payer), "processed") == 0


@pytest.mark.parametrize("symbol", ASSETS)
async def test_any_asset_is_given_on_its_own_chain(
    client: HttpClient, tmp_path: Path, symbol: str
) -> None:
    faucet, asset = Faucet(client, URL, f"{URL}/solana"), ASSETS[symbol]
    address = addresses_of(tmp_path / "alice.json")[asset.chain]

    hashes = {await faucet.fund(asset, address, asset.minimum_base_units * 100) for _ in range(2)}

    assert len(hashes) == 2


async def test_what_is_no_address_gets_nothing(client: HttpClient) -> None:
    faucet = Faucet(client, URL, f"{URL}/solana")

    for asset in ASSETS.values():
        with pytest.raises(StartupError, match="the sandbox refuses to fund"):
            await faucet.fund(asset, "nobody", 10**9)


async def test_a_refusal_of_the_sandbox_is_one_line(client: HttpClient) -> None:
    faucet = Faucet(client, URL, f"{URL}/solana")

    with pytest.raises(StartupError, match="the sandbox refuses to mint"):
        await faucet.fund_user(Keypair().pubkey(), "a lot")


async def test_a_demo_user_is_made_once_and_keeps_the_key(
    database: Database, tmp_path: Path
) -> None:
    pool = await create_pool(database.app_url, size_max=1)
    store = IdentityStore(pool)

    first = await ensure_user(store, PEOPLE[0], tmp_path)
    again = await ensure_user(store, PEOPLE[0], tmp_path)

    assert again == first
    key = load_keypair(keypair_file(tmp_path, "alice"))
    assert first.addresses[CHAIN] == str(key.pubkey())
    assert set(first.addresses) == set(Chain)
    assert bitcoin.parse(first.addresses[Chain.BITCOIN]).kind is bitcoin.Kind.P2WPKH
    assert ethereum.parse(first.addresses[Chain.ETHEREUM]) == first.addresses[Chain.ETHEREUM]
    assert sui.parse(first.addresses[Chain.SUI]) == first.addresses[Chain.SUI]
    assert first.kyc_level == "advanced"
    await pool.close()


async def test_keys_of_another_run_are_told_apart(database: Database, tmp_path: Path) -> None:
    pool = await create_pool(database.app_url, size_max=1)
    store = IdentityStore(pool)
    await ensure_user(store, PEOPLE[0], tmp_path / "one")

    with pytest.raises(StartupError, match="alice by other addresses"):
        await ensure_user(store, PEOPLE[0], tmp_path / "two")
    await pool.close()
