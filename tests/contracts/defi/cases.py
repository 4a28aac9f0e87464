"""A world with both protocols over one Solana runtime, and what tests ask of each."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from starlette.routing import BaseRoute

from domain.provider.ports.answers import NotAttempted, Setback
from domain.provider.ports.defi import DeFiProvider, Position, StrategyOffer
from domain.provider.ports.unsigned import SolanaInstructions
from domain.shared.assets import USDC
from infrastructure.chains.solana.addresses import USDC_MINT, associated_token_account
from infrastructure.chains.solana.building import build_message
from infrastructure.chains.solana.verification import cosign, verify_user_signature
from infrastructure.http import HttpClient
from infrastructure.providers.jupiter_lend.adapter import JupiterLend
from infrastructure.providers.kamino.adapter import KaminoVaults
from infrastructure.providers.memory.defi import MemoryStrategies
from infrastructure.sandbox.frame.faults import FaultKind
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter_lend import server as jupiter_lend
from infrastructure.sandbox.kamino import server as kamino
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.runtime import Executed
from infrastructure.sandbox.solana.timing import Timing
from tests.contracts.defi.stubs import noon
from tests.contracts.worlds import BASE_URL, NOON, ProviderWorld, provider_world

# Long for an answer in this process, short for a test that waits for it in vain.
HASTY_SECONDS = 0.15
LONG_MS = 2_000
WAITED_FOR = frozenset({"latency", "timeout_before_executing", "timeout_after_executing"})
NAMES = ("kamino", "jupiter_lend", "memory")
LOCK_SECONDS = 30 * 86_400
FUNDS = 1_000_000_000


@dataclass
class DefiWorld:
    """`user` has USDC and not one lamport; `fee_payer` has SOL."""

    providers: ProviderWorld
    node: SolanaNode
    user: Keypair = field(default_factory=Keypair)
    fee_payer: Keypair = field(default_factory=Keypair)

    @property
    def owner(self) -> str:
        return str(self.user.pubkey())

    @property
    def payer(self) -> str:
        return str(self.fee_payer.pubkey())

    def kamino(
        self, *, client: HttpClient | None = None, read_seconds: float = 5.0
    ) -> KaminoVaults:
        return KaminoVaults(
            client or self.providers.client,
            base_url=f"{BASE_URL}/kamino",
            clock=self.providers.world.clock.now,
            locks={VAULTS["locked"]: LOCK_SECONDS},
            read_seconds=read_seconds,
        )

    def jupiter_lend(
        self,
        *,
        client: HttpClient | None = None,
        read_seconds: float = 5.0,
        api_key: str | None = None,
    ) -> JupiterLend:
        return JupiterLend(
            client or self.providers.client,
            base_url=f"{BASE_URL}/jupiter_lend",
            api_key=api_key or self.providers.world.credential("jupiter_lend", "api_key"),
            clock=self.providers.world.clock.now,
            read_seconds=read_seconds,
        )

    def adapter(self, name: str, *, client: HttpClient | None = None) -> DeFiProvider:
        return self.kamino(client=client) if name == "kamino" else self.jupiter_lend(client=client)

    def usdc_of(self, owner: Pubkey) -> int:
        return self.tokens_of(owner, USDC_MINT)

    def tokens_of(self, owner: Pubkey, mint: Pubkey) -> int:
        account = associated_token_account(owner, mint)
        state = token_state(self.node.runtime.svm.get_account(account))
        return 0 if state is None else state.amount

    def execute(self, unsigned: SolanaInstructions) -> Executed:
        """As the platform does: its fee payer, the user's signature checked, then its own."""
        steps = [
            Instruction(
                Pubkey.from_string(part.program),
                part.data,
                [
                    AccountMeta(Pubkey.from_string(use.address), use.is_signer, use.is_writable)
                    for use in part.accounts
                ],
            )
            for part in unsigned.instructions
        ]
        clock = self.node.clock
        blockhash = str(clock.blockhash(clock.slot()))
        built = build_message(steps, fee_payer=self.fee_payer.pubkey(), blockhash=blockhash)
        assert built.signature_count == 2
        signature = bytes(self.user.sign_message(built.message))
        verified = verify_user_signature(
            built_message=built.message,
            signed_transaction=b"\x02" + bytes(64) + signature + built.message,
            signer=self.user.pubkey(),
        )
        wire = cosign(verified, self.fee_payer)
        return self.node.runtime.execute(VersionedTransaction.from_bytes(wire))

    def land(self, unsigned: SolanaInstructions) -> None:
        executed = self.execute(unsigned)
        assert executed.error is None, executed.logs

    async def simulate(self, path: str, body: Mapping[str, object]) -> None:
        answer = await self.providers.client.request(
            "POST", f"{BASE_URL}/{path}", content=msgspec.json.encode(body)
        )
        assert answer.status == 200, answer


VAULTS = {
    "steady": "5fwALik4Sygmg1H2cG2D5rWJe2NU9QCknsbWgJZQvaHy",
    "locked": "GuWJikVyrEE3TxQ2FnchpUWkKNWr3MstPE17pTMk7d3M",
    "exit-fee": "A3wrCXzkWKtLRkqgkwjUXSf1LL1BgzDxaPPqAm69knUN",
}
"""Those of the sandbox's Kamino, the same in every sandbox."""
LENDING_TOKEN = "GHRwmfoRQfFkQuJ3t2WVTr6Ee97SdZF5APzxej7AM5LG"
"""jlUSDC of the sandbox's Jupiter Lend."""


@dataclass(frozen=True)
class Case:
    """One adapter of the type, and how the world around it is told to misbehave.

    `land` has the chain execute what was composed. `refused` makes the next call of the operation
    fail in that way and answers whom to ask. `dry` makes an offer illiquid.
    """

    name: str
    adapter: DeFiProvider
    land: Callable[[SolanaInstructions], object]
    refused: Callable[[FaultKind, str], DeFiProvider]
    dry: Callable[[str], Awaitable[None]]


def case_of(world: DefiWorld, name: str) -> Case:
    if name == "memory":
        return _of_memory(world)
    hasty: dict[str, DeFiProvider] = {
        "kamino": world.kamino(read_seconds=HASTY_SECONDS),
        "jupiter_lend": world.jupiter_lend(read_seconds=HASTY_SECONDS),
    }
    operations = {
        "kamino": {"offers": "metrics", "status": "position"},
        "jupiter_lend": {"offers": "tokens", "status": "positions"},
    }[name]

    def refused(kind: FaultKind, operation: str) -> DeFiProvider:
        slow = {"latency_ms": LONG_MS, "hang_ms": LONG_MS}
        told = [operations.get(operation, operation)]
        world.providers.fault(kind, name, operations=told, **slow)
        return hasty[name] if kind in WAITED_FOR else world.adapter(name)

    async def dry(offer_id: str) -> None:
        asked: dict[str, object] = {"liquidity": 0}
        if name == "kamino":
            asked["vault"] = offer_id
        await world.simulate(f"{name}/_simulate/liquidity", asked)

    return Case(name, world.adapter(name), world.land, refused, dry)


def _of_memory(world: DefiWorld) -> Case:
    memory = MemoryStrategies(
        terms=[
            offer("steady", "0.042"),
            offer("locked", "0.075", lock_seconds=LOCK_SECONDS),
            offer("exit-fee", "0.06", exit_fee_millionths=5_000),
        ],
        clock=world.providers.world.clock.now,
    )

    def refused(kind: FaultKind, _operation: str) -> DeFiProvider:
        retry = 1 if kind == "rate_limit" else None
        memory.setbacks.append(NotAttempted(reason="told to", retry_after_seconds=retry))
        return memory

    async def dry(offer_id: str) -> None:
        memory.set_liquidity(offer_id, 0)

    return Case("memory", memory, memory.land, refused, dry)


def offer(
    identifier: str, apy: str, *, lock_seconds: int = 0, exit_fee_millionths: int = 0
) -> StrategyOffer:
    return StrategyOffer(
        id=identifier,
        name=identifier,
        asset=USDC,
        apy=Decimal(apy),
        minimum=1_000_000,
        lock_seconds=lock_seconds,
        exit_fee_millionths=exit_fee_millionths,
        liquidity=10**15,
        total_value=10**15,
        source="memory",
        at=noon(),
    )


@asynccontextmanager
async def defi_world() -> AsyncIterator[DefiWorld]:
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: NOON)

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        return [
            *kamino.mount(world, sender, chain=node),
            *jupiter_lend.mount(world, sender, chain=node),
        ]

    async with provider_world(mounts) as providers:
        world = DefiWorld(providers, node)
        node.airdrop(world.fee_payer.pubkey(), 10**9)
        node.mint_usdc(world.user.pubkey(), FUNDS)
        yield world
    node.close()


def listed(offers: tuple[StrategyOffer, ...] | Setback) -> tuple[StrategyOffer, ...]:
    assert isinstance(offers, tuple), offers
    return offers


def composed(answer: SolanaInstructions | Setback) -> SolanaInstructions:
    assert isinstance(answer, SolanaInstructions), answer
    return answer


def held(position: Position | Setback | None) -> Position:
    assert isinstance(position, Position), position
    return position
