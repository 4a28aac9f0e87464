"""Answers that are about something else than what was asked: taken from the sandbox, changed in one
place, and given to the adapter. None of them may become a quote."""

import base64
from collections.abc import Callable

import httpx
import msgspec
import pytest
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import VersionedTransaction

from domain.provider.ports.answers import Declined
from domain.provider.ports.dex import DEXProvider, SwapBuilt, SwapQuote, SwapRequest
from domain.shared.assets import ETH, USDC
from infrastructure.http import HttpClient
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.jupiter.adapter import JupiterSwaps
from infrastructure.providers.lifi.adapter import LifiSwaps
from tests.contracts.dex.cases import DexWorld, good
from tests.contracts.dex.stubs import noon

Change = Callable[[object], None]
STRANGER = Keypair.from_seed(bytes(range(32)))
OF_ANOTHER = base64.b64encode(
    bytes(VersionedTransaction(Message([], STRANGER.pubkey()), [STRANGER]))
)
OTHER_ADDRESS = "5ZWj7a1f8tWkjBESHKgrLmXshuXxqeY9SYcfbshpAqPG"


class Tampering(httpx.AsyncBaseTransport):
    """Passes requests on and changes what comes back."""

    def __init__(self, world: DexWorld, change: Change) -> None:
        self._client = world.providers.client
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in {"host", "content-length"}
        }
        answer = await self._client.request(
            request.method, str(request.url), content=request.content, headers=headers
        )
        body = msgspec.json.decode(answer.body)
        self._change(body)
        return httpx.Response(answer.status, content=msgspec.json.encode(body))


def put(path: str, value: object) -> Change:
    """Sets one member; `a.0.b` walks through members and places."""

    def change(body: object) -> None:
        *walk, last = path.split(".")
        here = body
        for step in walk:
            here = here[int(step)] if isinstance(here, list) else here[step]  # type: ignore[index]  # JSON
        if isinstance(here, list):
            here[int(last)] = value
        else:
            here[last] = value  # type: ignore[index]  # JSON

    return change


def adapter_of(world: DexWorld, name: str, client: HttpClient) -> DEXProvider:
    base = "http://sandbox.test"
    if name == "lifi":
        return LifiSwaps(
            client,
            base_url=f"{base}/lifi/v1",
            api_key=world.key("lifi"),
            integrator="diboas",
            clock=noon,
        )
    if name == "debridge":
        return DebridgeSwaps(
            client, base_url=f"{base}/debridge/v1.0", access_token=None, clock=noon
        )
    return JupiterSwaps(
        client, base_url=f"{base}/jupiter", api_key=world.key("jupiter"), clock=noon
    )


def request_of(world: DexWorld, name: str) -> SwapRequest:
    if name.startswith("jupiter"):
        return world.request(sponsored=name == "jupiter build")
    return world.request(USDC, ETH, 50_000_000)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("jupiter build", "inputMint", OTHER_ADDRESS),
        ("jupiter build", "outputMint", OTHER_ADDRESS),
        ("jupiter build", "inAmount", "30000001"),
        ("jupiter build", "outAmount", "1"),
        ("jupiter build", "otherAmountThreshold", "0"),
        ("jupiter build", "otherAmountThreshold", "1"),
        ("jupiter build", "slippageBps", 51),
        ("jupiter order", "taker", OTHER_ADDRESS),
        ("jupiter order", "inAmount", "29999999"),
        ("jupiter order", "slippageBps", 51),
        ("lifi", "action.fromChainId", 1),
        ("lifi", "action.toChainId", 137),
        ("lifi", "action.fromToken.address", OTHER_ADDRESS),
        ("lifi", "action.toToken.address", "0x" + "1" * 40),
        ("lifi", "action.toToken.decimals", 6),
        ("lifi", "action.fromAmount", "1"),
        ("lifi", "action.fromAddress", OTHER_ADDRESS),
        ("lifi", "action.toAddress", "0x" + "1" * 40),
        ("lifi", "action.toAddress", None),
        ("lifi", "estimate.fromAmount", "50000001"),
        ("lifi", "estimate.toAmountMin", "1"),
        ("lifi", "estimate.toAmount", "1"),
        ("lifi", "transactionRequest", None),
        ("debridge", "estimation.srcChainTokenIn.amount", "50000001"),
        ("debridge", "estimation.srcChainTokenIn.address", OTHER_ADDRESS),
        ("debridge", "estimation.dstChainTokenOut.address", "0x" + "1" * 40),
        ("debridge", "estimation.dstChainTokenOut.chainId", 137),
        ("debridge", "estimation.dstChainTokenOut.decimals", 6),
        ("debridge", "estimation.dstChainTokenOut.amount", "0"),
    ],
)
async def test_a_quote_about_something_else_is_declined(
    world: DexWorld, name: str, path: str, value: object
) -> None:
    transport = Tampering(world, put(path, value))
    async with HttpClient(transport=transport) as client:
        answer = await adapter_of(world, name, client).get_quote(request_of(world, name))

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("jupiter build", "swapInstruction.accounts.0.isSigner", True),
        ("jupiter build", "setupInstructions.0.accounts.0.pubkey", OTHER_ADDRESS),
        ("jupiter build", "swapInstruction.data", "not base64!"),
        (
            "jupiter build",
            "tipInstruction",
            {"programId": OTHER_ADDRESS, "accounts": [], "data": ""},
        ),
        ("jupiter order", "transaction", "bm90aGluZw=="),
        ("lifi", "transactionRequest.data", "not base64!"),
        ("lifi", "transactionRequest.data", "bm90aGluZw=="),
        ("lifi", "transactionRequest.data", OF_ANOTHER.decode()),
        ("jupiter order", "transaction", OF_ANOTHER.decode()),
        ("debridge", "tx.data", "0xnothex"),
        ("debridge", "tx.data", "0x" + base64.b64decode(OF_ANOTHER).hex()),
    ],
)
async def test_a_transaction_of_somebody_else_is_not_built(
    world: DexWorld, name: str, path: str, value: object
) -> None:
    """Nobody but the sender and the fee payer signs, and nothing but transactions is signed."""
    transport = Tampering(world, put(path, value))
    async with HttpClient(transport=transport) as client:
        adapter = adapter_of(world, name, client)
        quote = good(await adapter.get_quote(request_of(world, name)))
        answer = await adapter.build_swap(quote)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("lifi", "transactionRequest.to", None),
        ("lifi", "transactionRequest.chainId", 137),
        ("lifi", "transactionRequest.from", "0x" + "1" * 40),
        ("lifi", "transactionRequest.value", "0x1"),
        ("lifi", "transactionRequest.value", "much"),
        ("debridge", "tx.to", None),
        ("debridge", "tx.value", "1"),
    ],
)
async def test_a_call_of_something_else_is_not_built(
    world: DexWorld, name: str, path: str, value: object
) -> None:
    transport = Tampering(world, put(path, value))
    async with HttpClient(transport=transport) as client:
        adapter = adapter_of(world, name, client)
        quote = good(await adapter.get_quote(world.request(ETH, USDC, 10**17)))
        answer = await adapter.build_swap(quote)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_addresses_of_ethereum_mean_the_same_in_any_case(world: DexWorld) -> None:
    def lowered(body: object) -> None:
        put("action.toAddress", world.request(USDC, ETH).recipient.lower())(body)

    async with HttpClient(transport=Tampering(world, lowered)) as client:
        quote = await adapter_of(world, "lifi", client).get_quote(request_of(world, "lifi"))

    assert isinstance(quote, SwapQuote)


async def test_what_is_added_to_an_answer_changes_nothing(world: DexWorld) -> None:
    """Providers add members between versions."""
    for name in ("jupiter build", "jupiter order", "lifi", "debridge"):
        async with HttpClient(transport=Tampering(world, put("news", {"a": 1}))) as client:
            adapter = adapter_of(world, name, client)
            quote = good(await adapter.get_quote(request_of(world, name)))
            assert isinstance(await adapter.build_swap(quote), SwapBuilt)


async def test_a_fee_in_a_token_of_somebody_else_is_left_out(world: DexWorld) -> None:
    change = put("estimate.feeCosts.0.token.address", OTHER_ADDRESS)
    async with HttpClient(transport=Tampering(world, change)) as client:
        quote = good(await adapter_of(world, "lifi", client).get_quote(request_of(world, "lifi")))

    assert {fee.kind for fee in quote.fees} == {"NETWORK"}
