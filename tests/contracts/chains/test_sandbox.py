"""The simulated nodes by themselves: what they check, how their time passes, what they keep."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from domain.provider.ports.chain import Presence
from infrastructure.sandbox.bitcoin.ledger import Ledger as BitcoinLedger
from infrastructure.sandbox.blocks import SKIPPED_BLOCKS_MAX, BlockClock
from infrastructure.sandbox.ethereum.ledger import Ledger as EthereumLedger
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.world import SandboxClock, World
from tests.contracts.chains.stages import (
    BITCOIN_URL,
    EthereumWallet,
    Stage,
    got,
)
from tests.contracts.chains.talk import order, world_of
from tests.contracts.worlds import NOON

SCRIPT: Final = b"\x00\x14" + bytes(20)


# ---------------------------------------------------------------------- time


async def test_blocks_come_with_the_clock(bitcoin: Stage, ethereum: Stage) -> None:
    for stage, seconds in ((bitcoin, 600), (ethereum, 12)):
        signed = await stage.signed(await stage.funded(), stage.account().address)
        got(await stage.gateway.broadcast(signed))
        depths = []
        for _ in range(3):
            world_of(stage).skip(seconds=seconds)
            depths.append(got(await stage.gateway.sighting(signed.transaction_hash)).depth)
        assert depths == [1, 2, 3]

        world_of(stage).skip(seconds=seconds * stage.final_blocks)
        seen = got(await stage.gateway.sighting(signed.transaction_hash))
        assert seen.presence is Presence.FINAL


async def test_of_a_year_that_is_skipped_few_blocks_are_left(ethereum: Stage) -> None:
    signed = await ethereum.signed(await ethereum.funded(), ethereum.account().address)
    got(await ethereum.gateway.broadcast(signed))

    world_of(ethereum).skip(days=365)
    seen = got(await ethereum.gateway.sighting(signed.transaction_hash))
    world_of(ethereum).skip(seconds=24)
    later = got(await ethereum.gateway.sighting(signed.transaction_hash))

    assert seen.presence is Presence.FINAL
    assert (seen.depth, later.depth) == (SKIPPED_BLOCKS_MAX, SKIPPED_BLOCKS_MAX + 2)


def test_hashes_tell_blocks_from_those_that_were_replaced() -> None:
    memory = Memory(None)
    world = World(memory=memory, clock=SandboxClock(memory, lambda: NOON))
    blocks = BlockClock(world, "chain", seconds_per_block=10, first_height=100)
    blocks.mine(5)
    old = [blocks.hash_of(height) for height in range(101, 106)]

    assert blocks.reorganise(2) == 104

    new = [blocks.hash_of(height) for height in range(101, 107)]
    assert blocks.tip() == 106
    assert new[:3] == old[:3]
    assert not set(new[3:]) & set(old[3:])
    assert [blocks.find(one) for one in old] == [
        (101, True),
        (102, True),
        (103, True),
        (104, False),
        (105, False),
    ]
    for unknown in ("", "x" * 64, "0" * 64, blocks.hash_of(107)):
        assert blocks.find(unknown) is None


# ---------------------------------------------------------------------- memory


@dataclass(frozen=True, slots=True)
class Restarted:
    """A sandbox whose data outlives it."""

    folder: Path

    def world(self) -> World:
        memory = Memory(self.folder)
        return World(memory=memory, clock=SandboxClock(memory, lambda: NOON))


def test_bitcoin_remembers_over_a_restart(tmp_path: Path) -> None:
    restarted = Restarted(tmp_path)
    world = restarted.world()
    ledger = BitcoinLedger(world)
    txid = ledger.fund(SCRIPT, 1_000, confirmed=False)
    tip = ledger.blocks.hash_of(ledger.blocks.tip())
    world.memory.close()

    again = BitcoinLedger(restarted.world())

    assert again.blocks.hash_of(again.blocks.tip()) == tip
    again.mine(1)
    kept = again.find(txid)
    assert kept is not None
    assert kept.height == again.blocks.tip()


async def test_ethereum_remembers_over_a_restart(tmp_path: Path) -> None:
    restarted = Restarted(tmp_path)
    world = restarted.world()
    wallet = EthereumWallet()
    ledger = EthereumLedger(world)
    ledger.fund(wallet.address.lower(), 10**18, None)
    fields = {
        "nonce": 0,
        "to": wallet.address,
        "value": 1,
        "gas": 21_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 1,
        "chainId": 1,
        "type": 2,
    }
    name = ledger.accept(bytes(wallet.account.sign_transaction(fields).raw_transaction))
    world.memory.close()

    again = EthereumLedger(restarted.world())
    again.mine(1)

    found = again.find(name)
    assert found is not None
    assert found.succeeded
    assert again.nonce(wallet.address.lower()) == 1


# ---------------------------------------------------------------------- orders


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("bitcoin/_simulate/fund", {"address": "nobody", "amount": 1}),
        ("bitcoin/_simulate/fund", {"amount": 1}),
        ("bitcoin/_simulate/mine", {"blocks": 0}),
        ("bitcoin/_simulate/mine", {"blocks": 10**6}),
        ("bitcoin/_simulate/reorganise", {"blocks": 101}),
        ("bitcoin/_simulate/fees", {"satoshi_per_virtual_byte": "x"}),
        ("ethereum/_simulate/fund", {"address": "0x", "amount": "1", "asset": "BTC"}),
        ("ethereum/_simulate/fund", {"address": "0x", "amount": "-1"}),
        ("ethereum/_simulate/mine", {"blocks": 0}),
        ("ethereum/_simulate/reorganise", {"blocks": 64}),
        ("ethereum/_simulate/drop", {"hash": "0x"}),
        ("ethereum/_simulate/contract", {"address": "0x"}),
    ],
)
async def test_orders_that_make_no_sense_are_refused(
    bitcoin: Stage, path: str, content: object
) -> None:
    assert await order(bitcoin, f"http://sandbox.test/{path}", content) == 400


async def test_only_what_is_in_the_mempool_can_be_dropped(bitcoin: Stage) -> None:
    url = f"{BITCOIN_URL}/_simulate/drop"

    assert await order(bitcoin, url, {"txid": 64 * "0"}) == 404
