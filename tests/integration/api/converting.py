"""Withdraws that convert, from outside: their user, the sandbox from behind, the chains as anybody may
look at them."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import httpx
from embit import bech32
from eth_utils.address import to_checksum_address
from solders.keypair import Keypair

from bench.platform import Platform
from domain.provider.ports.chain import ChainGateway
from domain.shared.assets import ASSETS, Chain
from infrastructure.db.invariants import check
from infrastructure.db.pool import connect
from infrastructure.http import HttpClient
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.chains import open_chains
from infrastructure.services.connections.model import load_connections
from tests.integration.api.chain import Chain as SolanaChain
from tests.integration.api.client import Json, Person, new_key
from tests.integration.breakers import forget_breakers

_WAIT_SECONDS_MAX: Final = 40.0
POLL_SECONDS: Final = 0.2
SKIPPED_SECONDS: Final = 600
PREVIEW: Final = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received receivedAtLeast recipient { address } provider quoteId warnings { code } }
  errors { code field } } }"""
OWED: Final = """SELECT coalesce(sum(b.posted), 0) FROM balance b
    JOIN account a ON a.id = b.account_id
    WHERE a.code IN ('provider:lifi:USDC', 'provider:debridge:USDC')"""
"""What the bridges owe."""
_SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  id type state subState reason waitingOn fundsLocation outcomeCertainty provider asset amount
  targetAsset targetAmount receivedAmount recipient { address username } cancellable attempt
  fees { kind amount asset provider } timeline { state subState } } }"""


class World:
    """The sandbox from behind, and the chains as anybody may look at them."""

    def __init__(
        self, platform: Platform, http: httpx.AsyncClient, chains: dict[Chain, ChainGateway]
    ) -> None:
        self._ready, self._http, self._chains = platform.ready, http, chains
        self._solana = SolanaChain(platform.ready, http)

    async def post(self, path: str, body: object) -> None:
        answer = await self._http.post(f"{self._ready.sandbox_url}/{path}", json=body)
        assert answer.status_code < 300, answer.text

    async def calm(self) -> None:
        """No fault is set, and no provider is remembered to have failed."""
        await self._http.delete(f"{self._ready.sandbox_url}/control/faults")
        await self.post("control/solana/timing", {"confirm_ms": 0, "finalize_ms": 0})
        forget_breakers(self._ready)

    async def balance(self, asset: str, address: str) -> int:
        """What the chain shows at the address, in base units."""
        chain = ASSETS[asset].chain
        if chain is Chain.SOLANA:
            return int((await self._solana.call("getBalance", address))["value"])
        found = await self._chains[chain].balance(address, ASSETS[asset])
        assert isinstance(found, int), found
        return found

    async def ended(self, person: Person, identifier: str, *states: str) -> Json:
        """The transaction at its end, or in the hands of a person, however long it takes."""
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                found = await shown(person, identifier)
                if found["state"] in {"COMPLETED", "FAILED"} or found["waitingOn"] in states:
                    return found
                await self.post("control/clock", {"skip_seconds": SKIPPED_SECONDS})
                await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def opened(
    platform: Platform, data_dir: Path, http: httpx.AsyncClient
) -> AsyncIterator[World]:
    connections = load_connections(data_dir / "keys" / "providers.json")
    async with HttpClient() as client:
        chains = open_chains(connections, Access(client, _no_clock))
        found = World(platform, http, chains)
        await found.calm()
        yield found
        await found.calm()


def _no_clock() -> datetime:
    raise AssertionError("balances need no time")


def new_address(asset: str) -> str:
    """Of nobody here."""
    match ASSETS[asset].chain:
        case Chain.SOLANA:
            return str(Keypair().pubkey())
        case Chain.BITCOIN:
            return str(bech32.encode("bc", 0, secrets.token_bytes(20)))
        case Chain.ETHEREUM:
            return str(to_checksum_address(secrets.token_bytes(20)))
        case Chain.SUI:
            return f"0x{secrets.token_hex(32)}"


async def begin(
    person: Person, asset: str, address: str, more: Mapping[str, str] | None = None
) -> Json:
    """Of 50 USDC; `more` are other fields of the input, or the chain of the address."""
    given = dict(more or {})
    there = {"chain": given.pop("chain")} if "chain" in given else {}
    wish: dict[str, object] = {
        "amount": "50",
        "targetAsset": asset,
        "destination": {"externalWallet": {"address": address, **there}},
        "idempotencyKey": new_key(),
    }
    return await person.mutate("initiateWithdraw", **{**wish, **given})


def looked_at(asset: str, address: str) -> dict[str, object]:
    """What is looked at first."""
    wallet = {"externalWallet": {"address": address}}
    return {"amount": "50", "targetAsset": asset, "destination": wallet}


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def posted(person: Person) -> Decimal:
    found = await person.data("{ wallet { available { posted } } }")
    return Decimal(found["wallet"]["available"]["posted"])


async def holds(platform: Platform) -> None:
    """Every invariant of ledger and log."""
    connection = await connect(platform.ready.database_url)
    try:
        assert await check(connection) == []
    finally:
        await connection.close()
