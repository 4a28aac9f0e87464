"""What the network asks, in USDC: by a price that is fresh, and for a quote by the quote's own."""

from datetime import timedelta
from typing import cast

import pytest
from solders.pubkey import Pubkey

from domain.contracts.events import SolPrice
from domain.provider.errors import PriceUnavailable
from domain.provider.ports.prices import PRICE_AGE_MAX
from domain.shared.errors import Refused
from infrastructure.chains.solana.errors import RpcUnavailable
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import TransferCost
from infrastructure.sagas.legs import cost_by_quote
from infrastructure.services.costs import NetworkCosts
from infrastructure.services.prices import PriceBook
from tests.unit.services.test_prices import NOON, Clock, Source

RENT, FEE = 2_039_280, 10_000
SOMEBODY = Pubkey.default()


def cost(lamports: int = FEE, rent: int = RENT) -> TransferCost:
    return TransferCost(
        create_recipient_account=rent > 0, rent_lamports=rent, network_fee_lamports=lamports
    )


class Gateway:
    def __init__(self, answer: TransferCost | Exception) -> None:
        self._answer = answer

    async def transfer_cost(self, _recipient: Pubkey) -> TransferCost:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def swap_cost(self, _owner: Pubkey, *, wraps: bool) -> TransferCost:
        return await self.transfer_cost(SOMEBODY) if wraps else cost()


def told(micro_usd: int | None, *, age: timedelta = timedelta(0)) -> PriceBook:
    """A book with a price of SOL, or without."""
    clock = Clock()
    knows = {} if micro_usd is None else {"SOL": micro_usd}
    return PriceBook({"told": Source("told", clock, knows, age=age)}, clock=clock)


def costs(book: PriceBook, answer: TransferCost | Exception | None = None) -> NetworkCosts:
    return NetworkCosts(cast("SolanaGateway", Gateway(answer or cost())), book)


async def test_lamports_are_priced_rounded_down_with_source_and_time() -> None:
    quoted = await costs(told(150_000_000)).of_transfer(SOMEBODY)

    assert quoted.total_base_units == (RENT + FEE) * 150_000_000 // 10**9
    assert quoted.price == SolPrice(micro_usd=150_000_000, source="told", at=NOON)


async def test_a_swap_is_priced_alike() -> None:
    quoted = await costs(told(200_000_000)).of_swap(str(SOMEBODY), wraps=True)

    assert quoted.total_base_units == (RENT + FEE) * 200_000_000 // 10**9


@pytest.mark.parametrize(
    "book", [told(None), told(150_000_000, age=PRICE_AGE_MAX + timedelta(seconds=1))]
)
async def test_without_a_fresh_price_nothing_is_quoted(book: PriceBook) -> None:
    with pytest.raises(PriceUnavailable):
        await costs(book).of_transfer(SOMEBODY)


async def test_a_chain_that_is_away_is_said_to_be() -> None:
    with pytest.raises(Refused) as refused:
        await costs(told(150_000_000), RpcUnavailable("away")).of_transfer(SOMEBODY)
    assert refused.value.code == "PRV_UNAVAILABLE"


async def test_what_was_quoted_rises_with_the_lamports_alone() -> None:
    quoted = await costs(told(150_000_000)).of_transfer(SOMEBODY)

    assert cost_by_quote(cost(), quoted) == quoted
    assert cost_by_quote(cost(lamports=2 * FEE), quoted).total_base_units == (
        (RENT + 2 * FEE) * 150_000_000 // 10**9
    )
