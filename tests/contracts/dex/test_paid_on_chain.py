"""Bridges of the sandbox are paid on each asset's own chain, and deliver on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from solders.keypair import Keypair
from starlette.routing import BaseRoute

from domain.provider.ports.chain import ChainGateway, Signed
from domain.provider.ports.dex import DEXProvider, SwapBuilt, SwapRequest, SwapState, SwapTrace
from domain.provider.ports.unsigned import EthereumCall, Unsigned
from domain.shared.assets import BTC, ETH, PAXG, SUI, USDC, XAUT, Asset, Chain
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.chains.solana.addresses import associated_token_account, parse_address
from infrastructure.chains.sui.gateway import SuiGateway
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.lifi.adapter import LifiSwaps
from infrastructure.sandbox.debridge import server as debridge
from infrastructure.sandbox.deliveries import Delivery
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.lifi import server as lifi
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from infrastructure.sandbox.sources import ChainSources
from tests.contracts.chains.stages import (
    BITCOIN_URL,
    ETHEREUM_URL,
    SUI_URL,
    SimulatedNode,
    SuiSimulator,
    got,
    mounts,
    sui_mounts,
)
from tests.contracts.chains.test_demo_device import DemoAccount
from tests.contracts.worlds import BASE_URL, NOON, ProviderWorld, provider_world

# About a hundred dollars of each.
AMOUNTS = {
    "BTC": 100_000,
    "ETH": 25 * 10**15,
    "SUI": 40 * 10**9,
    "PAXG": 24 * 10**15,
    "XAUT": 24_000,
}


@dataclass
class Towns:
    """All chains with both bridges."""

    world: ProviderWorld
    node: SolanaNode

    def gateway(self, chain: Chain) -> ChainGateway:
        client = self.world.client
        if chain is Chain.BITCOIN:
            return BitcoinGateway(client=client, urls=(BITCOIN_URL,))
        if chain is Chain.SUI:
            return SuiGateway(client=client, urls=(SUI_URL,))
        return EthereumGateway(client=client, urls=(ETHEREUM_URL,))

    def simulator(self, chain: Chain) -> SimulatedNode:
        if chain is Chain.SUI:
            return SuiSimulator(self.world)
        return SimulatedNode(self.world, BITCOIN_URL if chain is Chain.BITCOIN else ETHEREUM_URL)

    def bridge(self, name: str) -> DEXProvider:
        inner = self.world.world
        if name == "lifi":
            return LifiSwaps(
                self.world.client,
                base_url=f"{BASE_URL}/lifi/v1",
                api_key=inner.credential("lifi", "api_key"),
                integrator="diboas",
                clock=inner.clock.now,
            )
        return DebridgeSwaps(
            self.world.client,
            base_url=f"{BASE_URL}/debridge/v1.0",
            access_token=inner.credential("debridge", "access_token"),
            clock=inner.clock.now,
        )


@asynccontextmanager
async def towns() -> AsyncIterator[Towns]:
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: NOON)

    def everything(world: World, sender: WebhookSender) -> list[BaseRoute]:
        deliver, sources = Delivery(world, node), ChainSources(world, node)
        return [
            *mounts(world, sender),
            *sui_mounts(world, sender),
            *lifi.mount(world, sender, deliver=deliver, sources=sources),
            *debridge.mount(world, sender, deliver=deliver, sources=sources),
        ]

    async with provider_world(everything) as world:
        yield Towns(world, node)
    node.close()


WAYS = [
    ("lifi", BTC),
    ("lifi", ETH),
    ("lifi", SUI),
    ("lifi", PAXG),
    ("lifi", XAUT),
    ("debridge", ETH),
    ("debridge", PAXG),
    ("debridge", XAUT),
]


@pytest.mark.parametrize(("name", "asset"), WAYS, ids=lambda one: getattr(one, "symbol", one))
async def test_what_is_sold_is_paid_on_its_own_chain(
    name: str, asset: Asset, tmp_path: Path
) -> None:
    async with towns() as world:
        seller, chain = DemoAccount(tmp_path, asset), world.simulator(asset.chain)
        amount, recipient = AMOUNTS[asset.symbol], str(Keypair().pubkey())
        await chain.fund(seller.address, asset, 10 * amount)
        if asset.contract is not None:
            await chain.fund(seller.address, ETH, 10**18)
        bridge = world.bridge(name)
        wanted = request(asset, amount, seller.address, recipient)
        quote = got(await bridge.get_quote(wanted))
        built = got(await bridge.build_swap(quote))
        assert isinstance(built, SwapBuilt)
        seller.allowed = amount + (10**15 if (name, asset) == ("debridge", ETH) else 0)

        signed = await paid(world, seller, built.unsigned)
        trace = SwapTrace(
            request=quote.request,
            transaction_hash=signed.transaction_hash,
            reference=built.reference,
        )
        before = got(await bridge.check_swap_status(trace))
        world.world.skip(hours=2)
        told = got(await bridge.check_swap_status(trace))

        assert before.state is SwapState.PENDING
        assert told.state is SwapState.DELIVERED
        account = world.node.runtime.svm.get_account(
            associated_token_account(parse_address(recipient))
        )
        state = token_state(account)
        assert state is not None
        assert state.amount >= quote.target_minimum


@pytest.mark.parametrize(("name", "asset"), WAYS, ids=lambda one: getattr(one, "symbol", one))
async def test_who_has_not_paid_gets_nothing(name: str, asset: Asset, tmp_path: Path) -> None:
    async with towns() as world:
        seller, stranger = DemoAccount(tmp_path / "a", asset), DemoAccount(tmp_path / "b", asset)
        chain, gateway = world.simulator(asset.chain), world.gateway(asset.chain)
        amount = AMOUNTS[asset.symbol]
        for address in (seller.address, stranger.address):
            await chain.fund(address, asset, 10 * amount)
        bridge = world.bridge(name)
        wanted = request(asset, amount, seller.address, str(Keypair().pubkey()))
        built = got(await bridge.build_swap(got(await bridge.get_quote(wanted))))
        other = await Delivery(world.world.world, world.node)(
            asset=asset.symbol, chain=asset.chain, address=stranger.address, amount=amount
        )
        assert got(await gateway.movements(other))

        world.world.skip(hours=2)
        trace = SwapTrace(request=wanted, transaction_hash=other, reference=built.reference)
        answer = await bridge.check_swap_status(trace)

        assert getattr(answer, "state", None) is not SwapState.DELIVERED


def request(asset: Asset, amount: int, sender: str, recipient: str) -> SwapRequest:
    return SwapRequest(
        source=asset,
        target=USDC,
        amount=amount,
        slippage_millionths=5_000,
        sender=sender,
        recipient=recipient,
    )


async def paid(world: Towns, seller: DemoAccount, unsigned: Unsigned) -> Signed:
    """Sent, after the allowance that it may need."""
    gateway, chain = world.gateway(seller.asset.chain), world.simulator(seller.asset.chain)

    async def once() -> Signed:
        prepared = got(await gateway.prepare_call(seller.address, unsigned))
        signed = gateway.accept_signature(
            prepared, seller.sign(prepared.payload), signer=seller.address
        )
        got(await gateway.broadcast(signed))
        await chain.mine(1)
        return signed

    if isinstance(unsigned, EthereumCall) and unsigned.token is not None:
        await once()
    return await once()
