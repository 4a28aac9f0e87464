"""What the sandbox's providers deliver is on its chain, under the hash that they tell."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from solders.keypair import Keypair

from domain.provider.ports.chain import Presence
from domain.shared.assets import BTC, ETH, PAXG, SUI, XAUT, Asset
from infrastructure.sandbox.deliveries import Delivery
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from tests.contracts.chains.stages import Stage, bitcoin_stage, ethereum_stage, got, sui_stage
from tests.contracts.worlds import NOON

OPENED: dict[str, tuple[Asset, Callable[[], AbstractAsyncContextManager[Stage]]]] = {
    "BTC": (BTC, bitcoin_stage),
    "ETH": (ETH, ethereum_stage),
    "PAXG": (PAXG, lambda: ethereum_stage(PAXG)),
    "XAUT": (XAUT, lambda: ethereum_stage(XAUT)),
    "SUI": (SUI, sui_stage),
}


@pytest.fixture
def solana() -> Iterator[SolanaNode]:
    node = SolanaNode(data_dir=None, timing=Timing(), wall_clock=lambda: NOON)
    yield node
    node.close()


@pytest.mark.parametrize("symbol", OPENED)
async def test_a_delivery_credits_its_recipient_once(symbol: str, solana: SolanaNode) -> None:
    asset, opened = OPENED[symbol]
    async with opened() as stage:
        assert stage.world is not None
        deliver, recipient = Delivery(stage.world.world, solana), stage.account().address
        amount = asset.minimum_base_units

        first, second = [
            await deliver(asset=symbol, chain=asset.chain, address=recipient, amount=amount)
            for _ in range(2)
        ]

        assert first != second
        for one in (first, second):
            moved = got(await stage.gateway.movements(one))
            assert [found.amount for found in moved if found.address == recipient] == [amount]
            assert {found.asset for found in moved if found.address == recipient} == {symbol}
        assert got(await stage.gateway.balance(recipient, asset)) == 2 * amount
        await stage.simulator.mine(stage.final_blocks)
        assert got(await stage.gateway.sighting(first)).presence is Presence.FINAL


@pytest.mark.parametrize("symbol", OPENED)
async def test_a_delivery_survives_a_reorganisation(symbol: str, solana: SolanaNode) -> None:
    asset, opened = OPENED[symbol]
    async with opened() as stage:
        assert stage.world is not None
        deliver, recipient = Delivery(stage.world.world, solana), stage.account().address
        amount = asset.minimum_base_units
        kept = await deliver(asset=symbol, chain=asset.chain, address=recipient, amount=amount)

        await stage.simulator.reorganise(1)
        again = await deliver(asset=symbol, chain=asset.chain, address=recipient, amount=amount)
        await stage.simulator.mine(stage.final_blocks)

        for one in (kept, again):
            assert got(await stage.gateway.sighting(one)).presence is Presence.FINAL


async def test_what_has_no_faucet_or_no_address_is_refused(solana: SolanaNode) -> None:
    async with bitcoin_stage() as stage:
        assert stage.world is not None
        deliver, address = Delivery(stage.world.world, solana), str(Keypair().pubkey())

        for asset, chain, amount in (
            ("BTC", "SOLANA", 1),
            ("DOGE", "BITCOIN", 1),
            ("BTC", "BITCOIN", 0),
            ("BTC", "BITCOIN", 1),
        ):
            with pytest.raises(ValueError, match="no "):
                await deliver(asset=asset, chain=chain, address=address, amount=amount)
