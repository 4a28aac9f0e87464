"""What the one behavioural suite plays on: each gateway with its chain, accounts and simulator.

A chain that is added later adds one function to STAGES.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

import msgspec
import rlp  # type: ignore[import-untyped]  # ships no types
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from embit import ec, script
from embit.psbt import PSBT
from eth_account import Account as EthereumAccounts
from eth_utils.address import to_checksum_address
from starlette.routing import BaseRoute

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import (
    ChainGateway,
    PlainTransfer,
    Signed,
    TransferPrepared,
)
from domain.provider.ports.unsigned import BitcoinPsbt, EthereumCall, Unsigned
from domain.shared.assets import BTC, ETH, PAXG, SUI, XAUT, Asset, Chain
from infrastructure.chains.bitcoin.gateway import BitcoinGateway
from infrastructure.chains.ethereum.gateway import EthereumGateway
from infrastructure.chains.memory import MemoryAccount, MemoryGateway
from infrastructure.chains.sui.gateway import SuiGateway
from infrastructure.sandbox.bitcoin import server as bitcoin_server
from infrastructure.sandbox.ethereum import server as ethereum_server
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.sui import server as sui_server
from tests.contracts.worlds import BASE_URL, ProviderWorld, provider_world

TIMEOUT_SECONDS: Final = 2.0
BITCOIN_URL: Final = f"{BASE_URL}/bitcoin"
ETHEREUM_URL: Final = f"{BASE_URL}/ethereum"
SUI_URL: Final = f"{BASE_URL}/sui"

Answer = TypeVar("Answer")


def got(answer: Answer | Setback) -> Answer:
    """The answer itself; a setback fails the test."""
    assert not isinstance(answer, Declined | NotAttempted | Unanswered), answer
    return answer


class Account(Protocol):
    """A wallet with one key; `sign` hands back what a wallet of the chain would."""

    @property
    def address(self) -> str: ...

    def sign(self, payload: bytes) -> bytes: ...


class Simulator(Protocol):
    """What happens to the chain, by order."""

    async def fund(self, address: str, asset: Asset, amount: int) -> None: ...

    async def mine(self, blocks: int) -> None: ...

    async def reorganise(self, blocks: int) -> None: ...

    async def drop(self, transaction_hash: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`asset` is what is moved, `native` what pays for it; amounts in base units. `final_blocks`
    make a transaction of the next block final."""

    gateway: ChainGateway
    simulator: Simulator
    account: Callable[[], Account]
    asset: Asset
    native: Asset
    amount: int
    plenty: int
    final_blocks: int
    foreign_asset: Asset
    foreign_call: Unsigned
    world: ProviderWorld | None = None

    async def funded(self) -> Account:
        """An account with plenty of what it may need, in one coin where there are coins."""
        account = self.account()
        await self.simulator.fund(account.address, self.native, self.plenty)
        if self.asset != self.native:
            await self.simulator.fund(account.address, self.asset, self.plenty)
        return account

    async def transfer(
        self, sender: Account, recipient: str, amount: int | None = None
    ) -> PlainTransfer:
        """At the present rate."""
        transfer = PlainTransfer(
            asset=self.asset,
            sender=sender.address,
            recipient=recipient,
            amount=self.amount if amount is None else amount,
            fee_rate=1,
        )
        fee = got(await self.gateway.network_fee(transfer))
        return replace(transfer, fee_rate=fee.rate)

    async def prepared(
        self, sender: Account, recipient: str, amount: int | None = None
    ) -> TransferPrepared:
        transfer = await self.transfer(sender, recipient, amount)
        return got(await self.gateway.prepare_transfer(transfer))

    async def signed(self, sender: Account, recipient: str, amount: int | None = None) -> Signed:
        prepared = await self.prepared(sender, recipient, amount)
        return self.accept(prepared, sender)

    def accept(self, prepared: TransferPrepared, sender: Account) -> Signed:
        signed = sender.sign(prepared.payload)
        return self.gateway.accept_signature(prepared, signed, signer=sender.address)


# ---------------------------------------------------------------------- Bitcoin


class BitcoinWallet:
    """One key, as P2WPKH or P2TR."""

    def __init__(self, *, taproot: bool = False) -> None:
        self.key = ec.PrivateKey(secrets.token_bytes(32))
        public = self.key.get_public_key()
        self.script = script.p2tr(public) if taproot else script.p2wpkh(public)
        self.address: str = self.script.address()

    def sign(self, payload: bytes) -> bytes:
        psbt = PSBT.parse(payload)
        psbt.sign_with(self.key)
        return bytes(psbt.serialize())


class SimulatedNode:
    """Bitcoin's and Ethereum's orders, which are alike but for names."""

    def __init__(self, world: ProviderWorld, base: str) -> None:
        self._world = world
        self._base = base

    async def order(self, name: str, **content: object) -> dict[str, object]:
        answer = await self._world.client.request(
            "POST", f"{self._base}/_simulate/{name}", content=msgspec.json.encode(content)
        )
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body, type=dict[str, object])

    async def fund(self, address: str, asset: Asset, amount: int) -> None:
        if asset.chain is Chain.BITCOIN:
            await self.order("fund", address=address, amount=amount)
        else:
            await self.order("fund", address=address, amount=str(amount), asset=asset.symbol)

    async def mine(self, blocks: int) -> None:
        await self.order("mine", blocks=blocks)

    async def reorganise(self, blocks: int) -> None:
        await self.order("reorganise", blocks=blocks)

    async def drop(self, transaction_hash: str) -> None:
        name = "txid" if self._base.endswith("bitcoin") else "hash"
        await self.order("drop", **{name: transaction_hash})


def mounts(world: World, _sender: WebhookSender) -> list[BaseRoute]:
    return [*bitcoin_server.mount(world), *ethereum_server.mount(world)]


@asynccontextmanager
async def bitcoin_stage(
    *, taproot: bool = False, timeout_seconds: float = TIMEOUT_SECONDS
) -> AsyncIterator[Stage]:
    async with provider_world(mounts) as world:
        yield Stage(
            gateway=BitcoinGateway(
                client=world.client, urls=(BITCOIN_URL,), timeout_seconds=timeout_seconds
            ),
            simulator=SimulatedNode(world, BITCOIN_URL),
            account=lambda: BitcoinWallet(taproot=taproot),
            asset=BTC,
            native=BTC,
            amount=150_000,
            plenty=1_000_000,
            final_blocks=6,
            foreign_asset=ETH,
            foreign_call=EthereumCall(to="0x" + 40 * "1", data=b"", value=0),
            world=world,
        )


# ---------------------------------------------------------------------- Ethereum


class EthereumWallet:
    def __init__(self) -> None:
        self.account = EthereumAccounts.create()
        self.address = str(self.account.address)

    def sign(self, payload: bytes) -> bytes:
        return bytes(self.account.sign_transaction(typed_fields(payload)).raw_transaction)


def typed_fields(payload: bytes) -> dict[str, object]:
    """An unsigned typed transaction as wallets name its fields."""
    names = ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value")
    fields = rlp.decode(payload[1:])
    read = {name: int.from_bytes(part, "big") for name, part in zip(names, fields, strict=False)}
    return {**read, "to": to_checksum_address(fields[5]), "data": fields[7], "type": 2}


@asynccontextmanager
async def ethereum_stage(
    asset: Asset = ETH, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> AsyncIterator[Stage]:
    async with provider_world(mounts) as world:
        yield Stage(
            gateway=EthereumGateway(
                client=world.client, urls=(ETHEREUM_URL,), timeout_seconds=timeout_seconds
            ),
            simulator=SimulatedNode(world, ETHEREUM_URL),
            account=EthereumWallet,
            asset=asset,
            native=ETH,
            amount=10**15,
            plenty=10**18,
            # Two epochs behind the tip is final.
            final_blocks=65,
            foreign_asset=BTC,
            foreign_call=BitcoinPsbt(psbt=b"psbt\xff"),
            world=world,
        )


# ---------------------------------------------------------------------- Sui


class SuiWallet:
    """One Ed25519 key; hands back the signature in Sui's form, as wallets do."""

    def __init__(self, key: Ed25519PrivateKey | None = None) -> None:
        self.key = key or Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        self.address = "0x" + hashlib.blake2b(b"\0" + self.public, digest_size=32).hexdigest()

    def sign(self, payload: bytes) -> bytes:
        message = hashlib.blake2b(b"\0\0\0" + payload, digest_size=32).digest()
        return b"\0" + self.key.sign(message) + self.public


class SuiSimulator(SimulatedNode):
    """Sui's orders have names of their own."""

    def __init__(self, world: ProviderWorld) -> None:
        super().__init__(world, SUI_URL)

    async def fund(self, address: str, asset: Asset, amount: int) -> None:
        assert asset == SUI
        await self.order("fund", address=address, amount=amount)

    async def mine(self, blocks: int) -> None:
        await self.order("checkpoint", checkpoints=blocks)

    async def reorganise(self, blocks: int) -> None:
        await self.order("reorganise", checkpoints=blocks)

    async def drop(self, transaction_hash: str) -> None:
        await self.order("drop", digest=transaction_hash)


def sui_mounts(world: World, _sender: WebhookSender) -> list[BaseRoute]:
    return sui_server.mount(world)


@asynccontextmanager
async def sui_stage(*, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[Stage]:
    async with provider_world(sui_mounts) as world:
        yield Stage(
            gateway=SuiGateway(
                client=world.client, urls=(SUI_URL,), timeout_seconds=timeout_seconds
            ),
            simulator=SuiSimulator(world),
            account=SuiWallet,
            asset=SUI,
            native=SUI,
            amount=10**9,
            plenty=10**10,
            final_blocks=3,
            foreign_asset=BTC,
            foreign_call=BitcoinPsbt(psbt=b"psbt\xff"),
            world=world,
        )


# ---------------------------------------------------------------------- in memory


class MemorySimulator:
    def __init__(self, gateway: MemoryGateway) -> None:
        self._gateway = gateway

    async def fund(self, address: str, asset: Asset, amount: int) -> None:
        self._gateway.fund(address, asset, amount)

    async def mine(self, blocks: int) -> None:
        self._gateway.mine(blocks)

    async def reorganise(self, blocks: int) -> None:
        self._gateway.reorganise(blocks)

    async def drop(self, transaction_hash: str) -> None:
        self._gateway.drop(transaction_hash)


@asynccontextmanager
async def memory_stage() -> AsyncIterator[Stage]:
    gateway = MemoryGateway()
    yield Stage(
        gateway=gateway,
        simulator=MemorySimulator(gateway),
        account=MemoryAccount,
        asset=PAXG,
        native=ETH,
        amount=10**15,
        plenty=10**18,
        final_blocks=gateway.finality_depth,
        foreign_asset=BTC,
        foreign_call=BitcoinPsbt(psbt=b"psbt\xff"),
    )


STAGES: Final[dict[str, Callable[[], AbstractAsyncContextManager[Stage]]]] = {
    "memory": memory_stage,
    "bitcoin-p2wpkh": lambda: bitcoin_stage(taproot=False),
    "bitcoin-p2tr": lambda: bitcoin_stage(taproot=True),
    "ethereum-eth": lambda: ethereum_stage(ETH),
    "ethereum-xaut": lambda: ethereum_stage(XAUT),
    "sui": sui_stage,
}
