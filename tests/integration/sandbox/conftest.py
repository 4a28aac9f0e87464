"""A sandbox in this process: no ports, and a wall clock that only moves when told."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from solders.keypair import Keypair
from starlette.applications import Starlette

from infrastructure.chains.solana.addresses import reference_of
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import PreparedTransfer, TransferRequest
from infrastructure.chains.solana.verification import verify_user_signature
from infrastructure.http import HttpClient
from infrastructure.sandbox.app import create_sandbox
from infrastructure.sandbox.settings import SandboxSettings
from infrastructure.sandbox.solana.timing import Timing

URL = "http://sandbox"
TIMING = Timing(confirm_ms=400, finalize_ms=2000, slot_ms=100, blockhash_slots=150)


@dataclass
class ManualClock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_ms(self, milliseconds: int) -> None:
        self.seconds += milliseconds / 1000


@dataclass
class World:
    """The sandbox, its clock, the platform's gateway, and a user with money."""

    app: Starlette
    clock: ManualClock
    http: httpx.AsyncClient
    client: HttpClient
    gateway: SolanaGateway
    fee_payer: Keypair
    treasury: Keypair = field(default_factory=Keypair)
    alice: Keypair = field(default_factory=Keypair)
    bob: Keypair = field(default_factory=Keypair)

    async def control(self, path: str, body: object = None, method: str = "POST") -> object:
        content = None if body is None else msgspec.json.encode(body)
        answer = await self.http.request(method, f"/control/solana/{path}", content=content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def call(self, method: str, *params: object) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return await self.http.post("/solana", content=msgspec.json.encode(body))

    async def fund(self) -> None:
        lamports = 10_000_000_000
        payer = str(self.fee_payer.pubkey())
        await self.control("airdrop", {"address": payer, "lamports": lamports})
        await self.control("mint", {"owner": str(self.treasury.pubkey()), "amount": "0"})
        await self.control("mint", {"owner": str(self.alice.pubkey()), "amount": "100"})

    async def prepared(self, amount: int = 25_000_000) -> PreparedTransfer:
        return await self.gateway.prepare_transfer(
            TransferRequest(
                sender=self.alice.pubkey(),
                recipient_owner=self.bob.pubkey(),
                amount_base_units=amount,
                platform_fee_base_units=20_000,
                network_cost_base_units=5_000,
                memo="lunch",
                create_recipient_account=True,
                reference=reference_of(uuid4()),
            )
        )

    def signed(self, prepared: PreparedTransfer, keypair: Keypair | None = None) -> bytes:
        """Signed by the user as a phone would, checked and completed as the platform does."""
        message = prepared.built.message
        signer = keypair or self.alice
        handed_in = b"\x02" + bytes(64) + bytes(signer.sign_message(message)) + message
        verified = verify_user_signature(
            built_message=message, signed_transaction=handed_in, signer=signer.pubkey()
        )
        return self.gateway.cosign(verified)

    async def transfer(self, amount: int = 25_000_000) -> bytes:
        return self.signed(await self.prepared(amount))


OpenWorld = Callable[..., World]


@pytest.fixture
async def open_world() -> AsyncIterator[OpenWorld]:
    """Opens worlds; two over one directory are one chain before and after a restart."""
    opened: list[World] = []

    def open_one(
        data_dir: Path | None = None,
        clock: ManualClock | None = None,
        keys: World | None = None,
    ) -> World:
        wall_clock = clock or ManualClock()
        settings = SandboxSettings(data_dir=data_dir, timing=TIMING, wall_clock=wall_clock)
        app = create_sandbox(settings)
        transport = httpx.ASGITransport(app=app)
        client = HttpClient(transport=transport)
        fee_payer = keys.fee_payer if keys else Keypair()
        treasury = keys.treasury if keys else Keypair()
        gateway = SolanaGateway(
            client=client,
            rpc_urls=(f"{URL}/solana",),
            fee_payer=fee_payer,
            treasury_owner=treasury.pubkey(),
            clock=wall_clock,
        )
        http = httpx.AsyncClient(transport=transport, base_url=URL)
        world = World(app, wall_clock, http, client, gateway, fee_payer, treasury)
        if keys:
            world.alice, world.bob = keys.alice, keys.bob
        opened.append(world)
        return world

    yield open_one
    for world in opened:
        await world.http.aclose()
        await world.client.close()
        world.app.state.solana.close()


@pytest.fixture
async def world(open_world: OpenWorld) -> World:
    opened = open_world()
    await opened.fund()
    return opened
