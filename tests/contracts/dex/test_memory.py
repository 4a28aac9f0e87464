"""The twin in memory beyond the shared suite: what tests and the simulator tell it."""

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.dex import SwapBuilt, SwapExecuted, SwapState, SwapStatus, SwapTrace
from domain.provider.ports.unsigned import (
    BitcoinPsbt,
    EthereumCall,
    SolanaInstructions,
    SuiTransaction,
)
from domain.shared.assets import BTC, ETH, PAXG, SOL, SUI, USDC, Asset
from infrastructure.providers.memory.dex import MemorySwaps
from infrastructure.sandbox.market import FIRST_MICRO_USD
from tests.contracts.dex.cases import DexWorld, good


@pytest.fixture
def twin(world: DexWorld) -> MemorySwaps:
    return MemorySwaps(micro_usd=FIRST_MICRO_USD, clock=world.providers.world.clock.now)


@pytest.mark.parametrize(
    ("source", "form"),
    [(BTC, BitcoinPsbt), (SUI, SuiTransaction), (ETH, EthereumCall), (PAXG, EthereumCall)],
    ids=lambda value: value.symbol if isinstance(value, Asset) else "",
)
async def test_each_chain_has_its_form(
    world: DexWorld, twin: MemorySwaps, source: Asset, form: type
) -> None:
    quote = good(await twin.get_quote(world.request(source, USDC, 10**18)))

    built = await twin.build_swap(quote)

    assert isinstance(built, SwapBuilt)
    assert isinstance(built.unsigned, form)
    assert isinstance(await twin.execute_swap(quote, b"", key="one"), Declined)


async def test_a_sponsored_swap_is_composed(world: DexWorld, twin: MemorySwaps) -> None:
    quote = good(await twin.get_quote(world.request(USDC, SOL, sponsored=True)))
    built = await twin.build_swap(quote)
    assert isinstance(built, SwapBuilt)
    assert isinstance(built.unsigned, SolanaInstructions)


async def test_what_it_sent_is_delivered_and_sent_once(world: DexWorld, twin: MemorySwaps) -> None:
    quote = good(await twin.get_quote(world.request()))
    sent = await twin.execute_swap(quote, b"signed", key="one")
    again = await twin.execute_swap(quote, b"signed otherwise", key="one")
    assert isinstance(sent, SwapExecuted)
    assert sent == again

    trace = SwapTrace(request=quote.request, transaction_hash=sent.transaction_hash)
    status = await twin.check_swap_status(trace)

    assert isinstance(status, SwapStatus)
    assert (status.state, status.received) == (SwapState.DELIVERED, quote.target_amount)


async def test_it_stands_where_it_was_told(world: DexWorld, twin: MemorySwaps) -> None:
    refunded = SwapStatus(state=SwapState.REFUNDED, provider_status="REFUNDED")
    twin.arrive("hash", refunded)

    trace = SwapTrace(request=world.request(), transaction_hash="hash")

    assert await twin.check_swap_status(trace) == refunded


async def test_setbacks_come_in_order_and_once(world: DexWorld, twin: MemorySwaps) -> None:
    quote = good(await twin.get_quote(world.request()))
    twin.setbacks += [Unanswered(reason="late"), NotAttempted(reason="down")]

    assert isinstance(await twin.execute_swap(quote, b"", key="one"), Unanswered)
    assert isinstance(await twin.build_swap(quote), NotAttempted)
    assert isinstance(await twin.build_swap(quote), SwapBuilt)


async def test_an_old_quote_and_a_small_amount_are_declined(
    world: DexWorld, twin: MemorySwaps
) -> None:
    quote = good(await twin.get_quote(world.request()))
    world.providers.skip(minutes=2)
    old = await twin.build_swap(quote)
    small = await twin.get_quote(world.request(SOL, USDC, 1))

    assert isinstance(old, Declined)
    assert old.code == "PRV_QUOTE_EXPIRED"
    assert isinstance(small, Declined)
    assert small.code == "PRV_LIMIT"
