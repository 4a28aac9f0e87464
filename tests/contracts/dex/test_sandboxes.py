"""The simulated exchanges and bridges themselves: what they remember, count and never do twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from solders.keypair import Keypair
from starlette.requests import Request

from domain.shared.assets import BTC, ETH, SOL, USDC, XAUT
from infrastructure.sandbox.crossings import Crossing, Crossings, Stage, new_id
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.server import Answer, ProviderError
from infrastructure.sandbox.frame.world import SandboxClock, World
from infrastructure.sandbox.jupiter.pool import Pool
from infrastructure.sandbox.lifi.limits import RateLimits
from infrastructure.sandbox.market import Market
from infrastructure.sandbox.solana.encoding import token_state
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from tests.contracts.dex.cases import ETHEREUM_ADDRESS, DexWorld
from tests.contracts.worlds import BASE_URL, NOON


class SlowBank:
    """Pays out after a while."""

    def __init__(self) -> None:
        self.paid = 0

    async def deliver(self, *, asset: str, chain: str, address: str, amount: int) -> str:
        await asyncio.sleep(0)
        self.paid += 1
        return f"{chain}:{address}:{asset}:{amount}"


@contextmanager
def opened(data_dir: Path | None) -> Iterator[World]:
    memory = Memory(data_dir)
    yield World(memory=memory, clock=SandboxClock(memory, lambda: NOON))
    memory.close()


def crossing() -> Crossing:
    return Crossing(
        id=new_id(),
        source="USDC",
        target="ETH",
        amount=100,
        target_amount=99,
        sender="somebody",
        recipient=ETHEREUM_ADDRESS,
        seconds=20,
    )


async def test_an_order_survives_a_restart(tmp_path: Path) -> None:
    order, bank = crossing(), SlowBank()
    with opened(tmp_path) as world:
        before = Crossings(world, "lifi", deliver=bank.deliver, sources=None)
        await before.open(order)
        before.pay(order.id, "hash")

    with opened(tmp_path) as world:
        after = Crossings(world, "lifi", deliver=bank.deliver, sources=None)
        found = await after.by_transaction("hash")
        assert found is not None
        assert found.stage is Stage.PAID
        world.clock.skip(timedelta(seconds=20))
        found = await after.by_transaction("hash")

    assert found is not None
    assert found.stage is Stage.DELIVERED
    assert bank.paid == 1


async def test_whoever_asks_at_once_finds_one_payout() -> None:
    order, bank = crossing(), SlowBank()
    with opened(None) as world:
        crossings = Crossings(world, "lifi", deliver=bank.deliver, sources=None)
        await crossings.open(order)
        crossings.pay(order.id, "hash")
        world.clock.skip(timedelta(seconds=20))

        await asyncio.gather(*(crossings.by_transaction("hash") for _ in range(10)))

    assert bank.paid == 1


async def test_a_second_payment_of_one_order_changes_nothing() -> None:
    order = crossing()
    with opened(None) as world:
        crossings = Crossings(world, "lifi", deliver=SlowBank().deliver, sources=None)
        await crossings.open(order)
        crossings.pay(order.id, "first")

        found = crossings.pay(order.id, "second")

        assert found is not None
        assert found.transaction_hash == "first"
        assert await crossings.by_transaction("second") is None


def test_amounts_are_converted_exactly_and_down() -> None:
    with opened(None) as world:
        market = Market(world)
        assert market.convert(100_000_000_000, USDC, BTC) == 100_000_000
        assert market.convert(10**18, ETH, USDC) == 4_000_000_000
        assert market.convert(10**6, XAUT, USDC) == 4_190_000_000
        # A third of a lamport is none.
        assert market.convert(1, USDC, SOL) == 6
        assert market.convert(1, SOL, USDC) == 0
        # What 64 bits or a float would not hold.
        assert market.convert(10**30, ETH, ETH) == 10**30


def test_fees_are_rounded_up_and_promises_down() -> None:
    with opened(None) as world:
        terms = Market(world).terms(
            1_001, USDC, USDC, fee_millionths=1_000, slippage_millionths=5_000
        )
    assert (terms.fee, terms.target_amount, terms.target_minimum) == (2, 999, 994)


def test_prices_that_were_set_survive_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        Market(world).set_price("SOL", 1, age_seconds=30)
    with opened(tmp_path) as world:
        assert Market(world).micro_usd("SOL") == 1
        assert world.clock.now() - Market(world).updated_at("SOL") == timedelta(seconds=30)
        with pytest.raises(ValueError, match="DOGE"):
            Market(world).set_price("DOGE", 1)


async def test_lifi_counts_requests_over_two_hours() -> None:
    async def nothing(_request: Request) -> Answer:
        return Answer()

    request = Request({"type": "http"})
    with opened(None) as world:
        counted = RateLimits(world.clock.now, requests_max=2).counted("quote", nothing)
        first = await counted(request)
        await counted(request)
        with pytest.raises(ProviderError) as refused:
            await counted(request)
        world.clock.skip(timedelta(hours=2))
        again = await counted(request)

    assert first.headers["ratelimit-remaining"] == "1"
    assert refused.value.answer.status == 429
    assert refused.value.answer.headers["ratelimit-reset"] == "7200"
    assert again.headers["ratelimit-remaining"] == "1"


@pytest.mark.parametrize(
    "path",
    [
        "jupiter/swap/v2/build?inputMint=x&outputMint=y&amount=1&taker=z",
        "jupiter/swap/v2/order",
        "jupiter/price/v3",
        "jupiter/price/v3?ids=" + ",".join(["x"] * 51),
        "lifi/v1/quote?fromChain=SOL&toChain=ETH&fromToken=USDC&toToken=DOGE",
        "lifi/v1/quote?fromChain=SOL&toChain=ETH&fromToken=USDC&toToken=ETH&fromAmount=-1",
        "lifi/v1/quote?fromChain=SOL&toChain=ETH&fromToken=USDC&toToken=ETH&fromAmount=9&slippage=2",
        "lifi/v1/status",
        "lifi/v1/token?chain=SOL&token=DOGE",
        "debridge/v1.0/dln/order/create-tx?srcChainId=1",
        "debridge/v1.0/dln/order/0x1/status",
    ],
)
async def test_nonsense_is_refused_in_the_providers_words(world: DexWorld, path: str) -> None:
    provider = path.split("/", maxsplit=1)[0]
    headers = {
        "x-api-key": world.key("jupiter"),
        "x-lifi-api-key": world.key("lifi"),
    }

    answer = await world.providers.client.request("GET", f"{BASE_URL}/{path}", headers=headers)

    assert answer.status in {400, 404}
    words = {"jupiter": b'"error"', "lifi": b'"message"', "debridge": b'"errorId"'}
    assert words[provider] in answer.body


@pytest.mark.parametrize("provider", ["lifi", "debridge"])
async def test_simulations_of_what_does_not_exist(world: DexWorld, provider: str) -> None:
    for path, body, status in (
        ("deposit", b'{"id": "0x1", "tx_hash": "h"}', 404),
        ("outcome", b'{"id": "0x1", "outcome": "deliver"}', 404),
        ("outcome", b"nonsense", 400),
    ):
        url = f"{BASE_URL}/{provider}/_simulate/{path}"
        answer = await world.providers.client.request("POST", url, content=body)
        assert answer.status == status


def test_the_pool_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Its key, its money and the mint of wrapped SOL are the same as before."""
    taker = Keypair().pubkey()
    found = []
    for _ in range(2):
        node = SolanaNode(data_dir=tmp_path, timing=Timing(), wall_clock=lambda: NOON)
        with opened(tmp_path) as world:
            pool = Pool(world, node)
            account = pool.set_aside(SOL, 123_456_789, taker)
            state = token_state(node.runtime.svm.get_account(account))
            assert state is not None
            found.append((pool.address, pool.vault(USDC), state.owner, state.amount))
        node.close()

    assert found[0] == found[1]
    assert found[0][2:] == (found[0][0], 123_456_789)
