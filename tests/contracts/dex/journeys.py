"""Everything that the adapters of the type ever say, with what they are answered."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from domain.provider.ports.dex import SwapBuilt, SwapQuote, SwapTrace
from domain.provider.ports.unsigned import SolanaTransaction
from domain.shared.assets import BTC, ETH, PAXG, SOL, SUI, USDC
from infrastructure.http import HttpClient
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.jupiter.adapter import JupiterSwaps
from infrastructure.providers.jupiter.prices import JupiterPrices
from infrastructure.providers.lifi.adapter import LifiSwaps
from tests.contracts.dex.cases import DexWorld, good
from tests.contracts.dex.stubs import noon
from tests.contracts.worlds import BASE_URL


@dataclass(frozen=True)
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    sent: object
    status: int
    body: object


class Recording(httpx.AsyncBaseTransport):
    def __init__(self, inner: HttpClient) -> None:
        self._inner = inner
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in {"host", "content-length"}
        }
        answer = await self._inner.request(
            request.method, str(request.url), content=request.content, headers=headers
        )
        parts = urlsplit(str(request.url))
        sent = msgspec.json.decode(request.content) if request.content else None
        body = msgspec.json.decode(answer.body)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.exchanges.append(
            Exchange(request.method, parts.path, query, sent, answer.status, body)
        )
        return httpx.Response(answer.status, content=answer.body, headers=dict(answer.headers))


@asynccontextmanager
async def recorded(world: DexWorld) -> AsyncIterator[tuple[HttpClient, list[Exchange]]]:
    transport = Recording(world.providers.client)
    async with HttpClient(transport=transport) as client:
        yield client, transport.exchanges


async def everything_said(world: DexWorld) -> dict[str, list[Exchange]]:
    """By provider."""
    async with recorded(world) as (client, of_jupiter):
        await _speak_to_jupiter(world, client)
    async with recorded(world) as (client, of_lifi):
        await _speak_to_lifi(world, client)
    async with recorded(world) as (client, of_debridge):
        await _speak_to_debridge(world, client)
    return {"jupiter": of_jupiter, "lifi": of_lifi, "debridge": of_debridge}


async def _speak_to_jupiter(world: DexWorld, client: HttpClient) -> None:
    url, key = f"{BASE_URL}/jupiter", world.key("jupiter")
    swaps = JupiterSwaps(client, base_url=url, api_key=key, clock=noon, accounts_max=24)
    prices = JupiterPrices(client, base_url=url, api_key=key, clock=noon)
    await prices.prices(["SOL", "USDC"])
    for request in (
        world.request(sponsored=True),
        world.request(SOL, USDC, 10**9, sponsored=True),
        world.request(SOL, USDC, 10**9),
    ):
        quote = good(await swaps.get_quote(request))
        built = await swaps.build_swap(quote)
        assert isinstance(built, SwapBuilt)
        if isinstance(built.unsigned, SolanaTransaction):
            await swaps.execute_swap(quote, world.signed(built.unsigned.wire), key="one")
            await swaps.execute_swap(quote, built.unsigned.wire, key="one")
    # Refusals, too: no money, no amount that anything could be had for.
    await swaps.get_quote(world.request(amount=10**13))
    await swaps.get_quote(world.request(SOL, USDC, 1))


async def _speak_to_lifi(world: DexWorld, client: HttpClient) -> None:
    adapter = LifiSwaps(
        client,
        base_url=f"{BASE_URL}/lifi/v1",
        api_key=world.key("lifi"),
        integrator="diboas",
        clock=noon,
    )
    for request in (
        world.request(USDC, ETH, 50_000_000),
        world.request(ETH, BTC, 10**18),
        world.request(PAXG, SOL, 10**17),
        world.request(BTC, SUI, 10**6),
        world.request(SUI, USDC, 10**11),
    ):
        quote = good(await adapter.get_quote(request))
        for outcome in (None, "deliver", "refund"):
            if outcome is not None:
                order = {"id": quote.terms["id"], "outcome": outcome}
                await world.simulate("lifi/_simulate/outcome", order)
            else:
                paid = {"id": quote.terms["id"], "tx_hash": f"hash-{request.source.symbol}"}
                await world.simulate("lifi/_simulate/deposit", paid)
            trace = SwapTrace(request=request, transaction_hash=f"hash-{request.source.symbol}")
            await adapter.check_swap_status(trace)
    await adapter.check_swap_status(
        SwapTrace(request=world.request(USDC, ETH), transaction_hash="5" * 64)
    )
    await adapter.get_quote(world.request(USDC, ETH, 1))
    assert await adapter.healthy()


async def _speak_to_debridge(world: DexWorld, client: HttpClient) -> None:
    adapter = DebridgeSwaps(
        client, base_url=f"{BASE_URL}/debridge/v1.0", access_token=None, clock=noon
    )
    for request in (world.request(USDC, ETH, 50_000_000), world.request(ETH, USDC, 10**17)):
        quote = await adapter.get_quote(request)
        assert isinstance(quote, SwapQuote)
        order = str(quote.terms["order_id"])
        for reference in (order, None):
            trace = SwapTrace(request=request, transaction_hash="5" * 64, reference=reference)
            await adapter.check_swap_status(trace)
    await adapter.get_quote(world.request(USDC, ETH, 1))
    assert await adapter.healthy()
