"""What is built on a chain whose network became dearer than what is held for it: nothing, but a
question to its user."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas
from domain.contracts.transfer_events import BlockchainTransferRequested, TransferWanted
from domain.provider.effects import Built, Declined, MoreCharged, NotAttempted
from domain.provider.leg import NO_EFFECT
from domain.provider.ports import answers
from domain.provider.ports.chain import TransferPrepared
from domain.shared.assets import ETH, Chain
from domain.shared.stream import Stream
from infrastructure.chains.memory import FEE_RATE, TRANSFER_UNITS, MemoryAccount, MemoryGateway
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import TransferCost
from infrastructure.sagas.chain_swaps import dearer
from infrastructure.sagas.chain_transfers import RISE_FACTOR, ChainTransferLeg
from infrastructure.sagas.legs import is_borne
from infrastructure.sagas.sol_transfers import SolTransferLeg
from tests.streams import NOW, stream_of
from tests.unit.sagas.test_chain_legs import COST, requested

FEE = FEE_RATE * TRANSFER_UNITS
AWAY = answers.NotAttempted(reason="away")


def cost(gas: int) -> NetworkCost:
    return replace(COST, gas=Gas(asset="ETH", amount=gas))


def transfer(chain: MemoryGateway, held: int) -> Stream:
    """Of a hundred, for which so much is held."""
    sender, recipient = MemoryAccount().address, MemoryAccount().address
    chain.fund(sender, ETH, 10**9)
    wanted = TransferWanted(
        sender_address=sender,
        recipient_address=recipient,
        recipient_name="somebody",
        amount=100,
        platform_fee=0,
        memo=None,
        asset="ETH",
    )
    return stream_of(
        BlockchainTransferRequested(
            effect_id=NO_EFFECT,
            signer_address=sender,
            network_cost=cost(held),
            approval_deadline=NOW + timedelta(minutes=15),
            chain=Chain.ETHEREUM,
            transfer=wanted,
        )
    )


async def test_a_transfer_within_what_is_held_is_shown() -> None:
    chain = MemoryGateway()

    assert isinstance(await ChainTransferLeg().build(transfer(chain, FEE), chain, NOW), Built)


async def test_a_transfer_beyond_it_asks_for_what_would_be_held_now() -> None:
    chain = MemoryGateway()

    outcome = await ChainTransferLeg().build(transfer(chain, FEE - 1), chain, NOW)

    assert outcome == MoreCharged(network_cost=cost(RISE_FACTOR * FEE))


async def test_a_network_that_moves_between_two_questions_is_asked_again() -> None:
    chain = MemoryGateway()
    rose = answers.Declined(code="TXN_COST_ROSE", reason="blocks cost more")
    chain.setbacks["prepare_transfer"] = rose

    outcome = await ChainTransferLeg().build(transfer(chain, FEE), chain, NOW)

    assert isinstance(outcome, NotAttempted)


class Lamports:
    """What Solana asks for a transfer of SOL."""

    def __init__(self, asked: int) -> None:
        self._asked = asked

    async def composed_cost(self, _instructions: object) -> TransferCost:
        return TransferCost(
            create_recipient_account=False, rent_lamports=0, network_fee_lamports=self._asked
        )


async def test_a_transfer_of_sol_asks_for_what_solana_asks_beyond_what_is_borne() -> None:
    stream = transfer(MemoryGateway(), 10_000)
    gateway = cast("SolanaGateway", Lamports(12_001))

    outcome = await SolTransferLeg(gateway).build(stream, NOW)

    asked = Gas(asset="SOL", amount=12_001)
    assert outcome == MoreCharged(network_cost=replace(COST, gas=asked))
    assert is_borne(12_000, 10_000)


def call(fee: int) -> TransferPrepared:
    return TransferPrepared(payload=b"", commitment=b"", fee=fee, value=0)


@pytest.mark.parametrize("fee", [FEE - 1, FEE])
async def test_a_call_asks_for_what_such_a_call_may_cost_now(fee: int) -> None:
    swap = requested(MemoryAccount().address)

    assert await dearer(call(fee), swap, MemoryGateway(), NOW) == MoreCharged(
        network_cost=cost(FEE)
    )


async def test_a_provider_that_asks_for_more_than_that_gives_way_to_the_next() -> None:
    swap = requested(MemoryAccount().address)

    outcome = await dearer(call(FEE + 1), swap, MemoryGateway(), NOW)

    assert isinstance(outcome, Declined)
    assert outcome.code == "TXN_COST_ROSE"


async def test_what_no_node_tells_is_asked_again() -> None:
    swap, chain = requested(MemoryAccount().address), MemoryGateway()
    chain.setbacks["network_fee"] = AWAY

    assert isinstance(await dearer(call(FEE), swap, chain, NOW), NotAttempted)
