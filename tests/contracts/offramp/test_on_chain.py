"""Off-ramps of the sandbox watch its Solana chain by themselves, and send back on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from solders.keypair import Keypair
from starlette.routing import BaseRoute

from domain.provider.ports.offramp import OffRampProvider, WithdrawalState
from infrastructure.chains.solana.addresses import (
    USDC_DECIMALS,
    USDC_MINT,
    associated_token_account,
    parse_address,
)
from infrastructure.sandbox.bridge import server as bridge_server
from infrastructure.sandbox.deposit_accounts import DepositAccounts
from infrastructure.sandbox.due import server as due_server
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from infrastructure.sandbox.solana_chain import carry_out
from infrastructure.sandbox.token_program import transfer_checked
from tests.contracts.offramp.subjects import know_customer, webhook_key
from tests.contracts.offramp.test_sandbox import adapter
from tests.contracts.offramp.wishes import HUNDRED, opened, ordered, status
from tests.contracts.worlds import NOON, PLATFORM_URL, ProviderWorld, provider_world


@dataclass
class Town:
    """An off-ramp on a chain, and a user who has USDC there."""

    name: str
    node: SolanaNode
    world: ProviderWorld
    seconds: list[float]
    user: Keypair = field(default_factory=Keypair)

    @property
    def off_ramp(self) -> OffRampProvider:
        return adapter(self.name, self.world, self.world.client)

    def pay(self, address: str, amount: int) -> str:
        transfer = transfer_checked(
            source=associated_token_account(self.user.pubkey()),
            mint=USDC_MINT,
            target=associated_token_account(parse_address(address)),
            authority=self.user.pubkey(),
            base_units=amount,
            decimals=USDC_DECIMALS,
        )
        signature = carry_out(self.node, [transfer], payer=self.user.pubkey(), signers=[self.user])
        self.seconds[0] += 60
        return signature

    async def pass_by(self, **duration: float) -> None:
        """Time goes by, and the world does what it does by itself."""
        self.world.skip(**duration)
        for chore in self.world.world.chores:
            await chore()
        for _ in range(50):
            await asyncio.sleep(0)

    def held(self) -> int:
        account = associated_token_account(self.user.pubkey())
        state = token_state(self.node.runtime.svm.get_account(account))
        return 0 if state is None else state.amount


@asynccontextmanager
async def town(name: str) -> AsyncIterator[Town]:
    seconds = [NOON]
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: seconds[0])

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        accounts = DepositAccounts(world, node, name)
        shared = {"chain": accounts, "refund": accounts, "new_address": accounts.new_address}
        if name == "due":
            return due_server.mount(world, sender, **shared)  # type: ignore[arg-type]  # by name
        return bridge_server.mount(world, sender, new_webhook_key=webhook_key, **shared)  # type: ignore[arg-type]  # by name

    async with provider_world(mounts) as world:
        await know_customer(world.client, name)
        world.sender.send_to(name, f"{PLATFORM_URL}{name}")
        found = Town(name, node, world, seconds)
        node.airdrop(found.user.pubkey(), 10**9)
        node.mint_usdc(found.user.pubkey(), 3 * HUNDRED)
        seconds[0] += 60
        yield found
    node.close()


@pytest.fixture(params=["bridge", "due"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    async with town(request.param) as found:
        yield found


async def test_funds_that_come_are_paid_out_without_anybody_asking(place: Town) -> None:
    order = await ordered(place.off_ramp)
    answer = await opened(place.off_ramp, order)
    await place.pass_by(seconds=1)
    told_before = len(place.world.received)

    signature = place.pay(answer.deposit_address, HUNDRED)
    await place.pass_by(seconds=1)
    assert len(place.world.received) > told_before
    await place.pass_by(minutes=10)

    told = await status(place.off_ramp, answer.reference)
    assert told.state is WithdrawalState.FIAT_PAID
    assert told.deposit_transaction_hash == signature
    assert place.held() == 2 * HUNDRED


async def test_each_order_has_an_address_that_somebody_can_sign_for(place: Town) -> None:
    first = await opened(place.off_ramp, order := await ordered(place.off_ramp))
    second = await opened(place.off_ramp, replace(order, key="order-2"))

    assert first.deposit_address != second.deposit_address
    for one in (first, second):
        assert parse_address(one.deposit_address).is_on_curve()


async def test_another_amount_really_comes_back(place: Town) -> None:
    answer = await opened(
        place.off_ramp,
        replace(await ordered(place.off_ramp), from_address=str(place.user.pubkey())),
    )

    place.pay(answer.deposit_address, HUNDRED + 1)
    await place.pass_by(seconds=1)
    assert place.held() == 2 * HUNDRED - 1
    await place.pass_by(minutes=10)

    told = await status(place.off_ramp, answer.reference)
    assert told.state is WithdrawalState.REFUNDED
    assert place.held() == 3 * HUNDRED
    await place.pass_by(minutes=10)
    assert place.held() == 3 * HUNDRED
