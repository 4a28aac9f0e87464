"""A world with every exchange and bridge over one Solana runtime, and what tests ask of each."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from solders.keypair import Keypair
from solders.transaction import VersionedTransaction
from starlette.routing import BaseRoute

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.dex import DEXProvider, SwapQuote, SwapRequest
from domain.shared.assets import BTC, ETH, SOL, SUI, USDC, Asset
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.jupiter.adapter import JupiterSwaps
from infrastructure.providers.lifi.adapter import LifiSwaps
from infrastructure.providers.memory.dex import MemorySwaps
from infrastructure.sandbox.debridge import server as debridge
from infrastructure.sandbox.frame.faults import FaultKind
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.jupiter import server as jupiter
from infrastructure.sandbox.lifi import server as lifi
from infrastructure.sandbox.lifi.solana import SolanaSource
from infrastructure.sandbox.market import FIRST_MICRO_USD, Credit, Payment
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from tests.contracts.worlds import BASE_URL, NOON, ProviderWorld, provider_world

ETHEREUM_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
BITCOIN_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
SUI_ADDRESS = "0x" + "5" * 64
PSBT = b"psbt\xff" + bytes(8)
# Long for an answer in this process, short for a test that waits for it in vain.
HASTY_SECONDS = 0.15
LONG_MS = 2_000
WAITED_FOR = frozenset({"latency", "timeout_before_executing", "timeout_after_executing"})
NAMES = ("jupiter build", "jupiter order", "lifi", "debridge", "memory")


@dataclass(frozen=True)
class Delivery:
    asset: str
    chain: str
    address: str
    amount: int
    transaction_hash: str


@dataclass
class Chains:
    """What bridges pay out on, and what users pay them on: Solana is real, others are told."""

    solana: SolanaSource
    deliveries: list[Delivery] = field(default_factory=list)
    told: dict[str, Sequence[Credit]] = field(default_factory=dict)

    async def deliver(self, *, asset: str, chain: str, address: str, amount: int) -> str:
        transaction_hash = f"payout-{len(self.deliveries) + 1}"
        self.deliveries.append(Delivery(asset, chain, address, amount, transaction_hash))
        return transaction_hash

    async def payment(self, *, asset: str, sender: str, order: str, amount: int) -> Payment | None:
        if asset in {BTC.symbol, SUI.symbol}:
            return Payment(PSBT, f"{asset}:{order}")
        return await self.solana.payment(asset=asset, sender=sender, order=order, amount=amount)

    async def credits(self, *, chain: str, transaction_hash: str) -> Sequence[Credit]:
        found = await self.solana.credits(chain=chain, transaction_hash=transaction_hash)
        return (*found, *self.told.get(transaction_hash, ()))


@dataclass
class DexWorld:
    """`user` has USDC and SOL; `fee_payer` has SOL."""

    providers: ProviderWorld
    node: SolanaNode
    chains: Chains
    user: Keypair = field(default_factory=Keypair)
    fee_payer: Keypair = field(default_factory=Keypair)

    def key(self, provider: str, name: str = "api_key") -> str:
        return self.providers.world.credential(provider, name)

    def request(
        self,
        source: Asset = USDC,
        target: Asset = SOL,
        amount: int = 30_000_000,
        *,
        sponsored: bool = False,
    ) -> SwapRequest:
        addresses = {
            "SOLANA": str(self.user.pubkey()),
            "ETHEREUM": ETHEREUM_ADDRESS,
            "BITCOIN": BITCOIN_ADDRESS,
            "SUI": SUI_ADDRESS,
        }
        return SwapRequest(
            source=source,
            target=target,
            amount=amount,
            slippage_millionths=5_000,
            sender=addresses[source.chain],
            recipient=addresses[target.chain],
            fee_payer=str(self.fee_payer.pubkey()) if sponsored else None,
        )

    def jupiter(self, *, read_seconds: float = 5.0, api_key: str | None = None) -> JupiterSwaps:
        return JupiterSwaps(
            self.providers.client,
            base_url=f"{BASE_URL}/jupiter",
            api_key=api_key or self.key("jupiter"),
            clock=self.providers.world.clock.now,
            read_seconds=read_seconds,
        )

    def lifi(self, *, read_seconds: float = 5.0, api_key: str | None = None) -> LifiSwaps:
        return LifiSwaps(
            self.providers.client,
            base_url=f"{BASE_URL}/lifi/v1",
            api_key=api_key or self.key("lifi"),
            integrator="diboas",
            clock=self.providers.world.clock.now,
            read_seconds=read_seconds,
        )

    def debridge(self, *, read_seconds: float = 5.0, token: str | None = None) -> DebridgeSwaps:
        return DebridgeSwaps(
            self.providers.client,
            base_url=f"{BASE_URL}/debridge/v1.0",
            access_token=token or self.key("debridge", "access_token"),
            clock=self.providers.world.clock.now,
            read_seconds=read_seconds,
        )

    def signed(self, wire: bytes) -> bytes:
        """Signed by the user as the only signer."""
        transaction = VersionedTransaction.from_bytes(wire)
        return bytes(VersionedTransaction(transaction.message, [self.user]))

    def land(self, signed: bytes) -> str:
        transaction = VersionedTransaction.from_bytes(signed)
        executed = self.node.runtime.execute(transaction)
        assert executed.error is None, executed
        return str(transaction.signatures[0])

    async def simulate(self, path: str, body: Mapping[str, object]) -> None:
        answer = await self.providers.client.request(
            "POST", f"{BASE_URL}/{path}", content=msgspec.json.encode(body)
        )
        assert answer.status == 200, answer


@dataclass(frozen=True)
class Case:
    """One adapter of the type, and how the world around it is told to misbehave.

    `refused` makes the next quote fail in that way and answers whom to ask; `sends`: it sends what
    the user signed itself.
    """

    name: str
    adapter: DEXProvider
    request: SwapRequest
    unsupported: SwapRequest
    refused: Callable[[FaultKind], DEXProvider]
    sends: bool = False


def cases(world: DexWorld) -> dict[str, Case]:
    bitcoin = world.request(BTC, SUI)
    from_solana = world.request(USDC, ETH, 50_000_000)
    patient: dict[str, DEXProvider] = {
        "jupiter": world.jupiter(),
        "lifi": world.lifi(),
        "debridge": world.debridge(),
    }
    hasty: dict[str, DEXProvider] = {
        "jupiter": world.jupiter(read_seconds=HASTY_SECONDS),
        "lifi": world.lifi(read_seconds=HASTY_SECONDS),
        "debridge": world.debridge(read_seconds=HASTY_SECONDS),
    }

    def refused(provider: str, operation: str) -> Callable[[FaultKind], DEXProvider]:
        def refuse(kind: FaultKind) -> DEXProvider:
            slow = {"latency_ms": LONG_MS, "hang_ms": LONG_MS}
            world.providers.fault(kind, provider, operations=[operation], **slow)
            return hasty[provider] if kind in WAITED_FOR else patient[provider]

        return refuse

    memory = MemorySwaps(
        micro_usd=FIRST_MICRO_USD, clock=world.providers.world.clock.now, name="memory"
    )

    def refuse_memory(kind: FaultKind) -> DEXProvider:
        memory.setbacks.append(_as_told(kind))
        return memory

    found = (
        Case(
            "jupiter build",
            world.jupiter(),
            world.request(sponsored=True),
            bitcoin,
            refused("jupiter", "build"),
        ),
        Case(
            "jupiter order",
            world.jupiter(),
            world.request(),
            bitcoin,
            refused("jupiter", "order"),
            sends=True,
        ),
        Case("lifi", world.lifi(), from_solana, world.request(SOL, SOL), refused("lifi", "quote")),
        Case("debridge", world.debridge(), from_solana, bitcoin, refused("debridge", "create_tx")),
        Case("memory", memory, world.request(), world.request(SOL, SOL), refuse_memory, sends=True),
    )
    return {case.name: case for case in found}


def _as_told(kind: FaultKind) -> Setback:
    if kind == "wrong_amount":
        return Declined(code="PRV_RESPONSE_INVALID", reason="told to")
    return NotAttempted(reason="told to", retry_after_seconds=1 if kind == "rate_limit" else None)


@asynccontextmanager
async def dex_world() -> AsyncIterator[DexWorld]:
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: NOON)
    chains = Chains(SolanaSource(node))

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        return [
            *jupiter.mount(world, sender, chain=node),
            *lifi.mount(world, sender, deliver=chains.deliver, sources=chains),
            *debridge.mount(world, sender, deliver=chains.deliver, sources=chains),
        ]

    async with provider_world(mounts) as providers:
        world = DexWorld(providers, node, chains)
        node.airdrop(world.user.pubkey(), 20 * 10**9)
        node.airdrop(world.fee_payer.pubkey(), 10**9)
        node.mint_usdc(world.user.pubkey(), 1_000_000_000)
        yield world
    node.close()


def good(quote: SwapQuote | Setback) -> SwapQuote:
    assert isinstance(quote, SwapQuote), quote
    return quote
