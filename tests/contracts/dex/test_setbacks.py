"""What each status and each broken connection means, by adapter: who may be asked next."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import VersionedTransaction

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.dex import DEXProvider, SwapQuote, SwapRequest, SwapTrace
from domain.shared.assets import ETH, SOL, USDC
from infrastructure.http import HttpClient
from infrastructure.providers.debridge.adapter import DebridgeSwaps
from infrastructure.providers.jupiter.adapter import JupiterSwaps
from infrastructure.providers.lifi.adapter import LifiSwaps
from tests.contracts.dex.cases import ETHEREUM_ADDRESS, DexWorld, good
from tests.contracts.dex.stubs import Stub, noon, stubbed

USER = Keypair.from_seed(bytes(range(32)))
SIGNED = bytes(
    VersionedTransaction(Message.new_with_blockhash([], USER.pubkey(), Hash.default()), [USER])
)
SIGNATURE = str(VersionedTransaction.from_bytes(SIGNED).signatures[0])


@pytest.fixture
async def stub_and_client() -> AsyncIterator[tuple[Stub, HttpClient]]:
    async with stubbed() as opened:
        yield opened


@pytest.fixture
def stub(stub_and_client: tuple[Stub, HttpClient]) -> Stub:
    return stub_and_client[0]


def adapter_of(name: str, client: HttpClient) -> DEXProvider:
    if name == "lifi":
        return LifiSwaps(
            client,
            base_url="https://lifi.test/v1",
            api_key="key",
            integrator="diboas",
            clock=noon,
        )
    if name == "debridge":
        return DebridgeSwaps(
            client, base_url="https://dln.test/v1.0", access_token="key", clock=noon
        )
    return JupiterSwaps(client, base_url="https://jup.test", api_key="key", clock=noon)


@pytest.fixture(params=["jupiter", "lifi", "debridge"])
def adapter(
    request: pytest.FixtureRequest, stub_and_client: tuple[Stub, HttpClient]
) -> DEXProvider:
    return adapter_of(request.param, stub_and_client[1])


@pytest.fixture
def jupiter(stub_and_client: tuple[Stub, HttpClient]) -> JupiterSwaps:
    _stub, client = stub_and_client
    return JupiterSwaps(client, base_url="https://jup.test", api_key="key", clock=noon)


def asked(adapter: DEXProvider) -> SwapRequest:
    to_ethereum = adapter.name != "jupiter"
    return SwapRequest(
        source=USDC,
        target=ETH if to_ethereum else SOL,
        amount=50_000_000,
        slippage_millionths=5_000,
        sender=str(USER.pubkey()),
        recipient=ETHEREUM_ADDRESS if to_ethereum else str(USER.pubkey()),
    )


def ordered() -> SwapQuote:
    request = SwapRequest(
        source=USDC,
        target=SOL,
        amount=50_000_000,
        slippage_millionths=5_000,
        sender=str(USER.pubkey()),
        recipient=str(USER.pubkey()),
    )
    return SwapQuote(
        request=request,
        target_amount=2,
        target_minimum=1,
        fees=(),
        route=("metis",),
        expires_at=noon(),
        estimated_seconds=None,
        terms={"mode": "order", "request_id": "r-1", "transaction": ""},
    )


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (302, NotAttempted, None),
        (400, Declined, "PRV_DECLINED"),
        (401, Declined, "PRV_UNAUTHORISED"),
        (403, Declined, "PRV_UNAUTHORISED"),
        (404, Declined, "PRV_DECLINED"),
        (408, NotAttempted, None),
        (422, Declined, "PRV_DECLINED"),
        (429, NotAttempted, None),
        (500, NotAttempted, None),
        (502, NotAttempted, None),
        (503, NotAttempted, None),
        (504, NotAttempted, None),
    ],
)
async def test_statuses_of_a_read(
    adapter: DEXProvider, stub: Stub, status: int, kind: type[Setback], code: str | None
) -> None:
    stub.status, stub.headers = status, {"retry-after": "7"}

    quote = await adapter.get_quote(asked(adapter))

    assert isinstance(quote, kind), quote
    if isinstance(quote, Declined):
        assert quote.code == code
        assert quote.provider_code == str(status)
    if status == 429 and isinstance(quote, NotAttempted):
        assert quote.retry_after_seconds == 7


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadError("broken"), httpx.ReadTimeout("late")]
)
async def test_a_read_without_an_answer_is_not_attempted(
    adapter: DEXProvider, stub: Stub, error: httpx.TransportError
) -> None:
    stub.error = error

    assert isinstance(await adapter.get_quote(asked(adapter)), NotAttempted)
    assert not await adapter.healthy()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"inAmount": 1'])
async def test_an_unreadable_read_is_not_attempted(
    adapter: DEXProvider, stub: Stub, body: bytes
) -> None:
    stub.body = body

    assert isinstance(await adapter.get_quote(asked(adapter)), NotAttempted)
    trace = SwapTrace(request=asked(adapter), transaction_hash="5" * 64, reference="0x1")
    found = await adapter.check_swap_status(trace)
    assert isinstance(found, NotAttempted if adapter.name != "jupiter" else Declined)


async def test_where_the_key_travels(adapter: DEXProvider, stub: Stub) -> None:
    await adapter.get_quote(asked(adapter))

    sent = stub.requests[0]
    places = {
        "jupiter": sent.headers.get("x-api-key"),
        "lifi": sent.headers.get("x-lifi-api-key"),
        "debridge": sent.url.params.get("accesstoken"),
    }
    assert places[adapter.name] == "key"


@pytest.mark.parametrize("name", ["jupiter", "lifi", "debridge"])
async def test_a_wrong_key_is_declined(world: DexWorld, name: str) -> None:
    adapters: dict[str, DEXProvider] = {
        "jupiter": world.jupiter(api_key="wrong"),
        "lifi": world.lifi(api_key="wrong"),
        "debridge": world.debridge(token="wrong"),
    }
    adapter = adapters[name]

    answer = await adapter.get_quote(asked(adapter))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNAUTHORISED"
    assert not await adapter.healthy()


@pytest.mark.parametrize(
    ("body", "code", "provider_code"),
    [
        ({"message": "m", "code": 1002}, "PRV_UNSUPPORTED", "1002"),
        ({"message": "m", "code": 1007}, "PRV_PRICE_MOVED", "1007"),
        ({"message": "m", "code": 1011}, "PRV_INVALID", "1011"),
        ({"message": "m", "errors": [{"code": "AMOUNT_TOO_LOW"}]}, "PRV_LIMIT", "AMOUNT_TOO_LOW"),
        (
            {"code": 1002, "errors": {"failed": [{"subpaths": {"p": [{"code": "TOOL_TIMEOUT"}]}}]}},
            "PRV_UNSUPPORTED",
            "TOOL_TIMEOUT",
        ),
        ({"errors": "a text"}, "PRV_DECLINED", "404"),
    ],
)
async def test_refusals_of_lifi(
    stub_and_client: tuple[Stub, HttpClient], body: object, code: str, provider_code: str
) -> None:
    stub, client = stub_and_client
    stub.says(body, 404)
    lifi = adapter_of("lifi", client)

    answer = await lifi.get_quote(asked(lifi))

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == (code, provider_code)


async def test_lifi_names_the_wait_in_its_own_header(
    stub_and_client: tuple[Stub, HttpClient],
) -> None:
    stub, client = stub_and_client
    stub.status, stub.headers = 429, {"ratelimit-reset": "7200"}
    lifi = adapter_of("lifi", client)

    answer = await lifi.get_quote(asked(lifi))

    assert answer == NotAttempted(reason="lifi: rate limit", retry_after_seconds=7200)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"status": "Success", "signature": SIGNATURE}, None),
        (200, {"status": "Success", "signature": "5" * 88}, Unanswered),
        (200, {"status": "Success"}, Unanswered),
        (
            200,
            {"status": "Success", "signature": SIGNATURE, "totalInputAmount": "50000001"},
            Unanswered,
        ),
        (200, {"status": "Perhaps", "signature": SIGNATURE}, Unanswered),
        (200, {"status": "Failed", "code": -2}, Declined),
        (200, {"status": "Failed", "code": -1}, Unanswered),
        (400, {"error": "Missing cached order", "code": -1}, Unanswered),
        (400, {"error": "bad"}, Declined),
        (200, {"status": "Failed", "code": -1000}, Unanswered),
        (200, {"status": "Failed"}, Unanswered),
        (200, {}, Unanswered),
        (200, None, Unanswered),
        (400, {"error": "no", "code": -2}, Declined),
        (401, {"message": "Unauthorized"}, Declined),
        (408, {}, Unanswered),
        (429, {}, NotAttempted),
        (500, {"signature": SIGNATURE}, Unanswered),
        (502, {}, Unanswered),
        (503, {}, Unanswered),
        (504, {}, Unanswered),
    ],
)
async def test_answers_to_an_execution(
    jupiter: JupiterSwaps, stub: Stub, status: int, body: object, kind: type[Setback] | None
) -> None:
    stub.says(body, status)

    answer = await jupiter.execute_swap(ordered(), SIGNED, key="one")

    if kind is None:
        assert not isinstance(answer, Setback), answer
    else:
        assert isinstance(answer, kind), answer
    # What may have been sent is not sent again without being asked for.
    (sent,) = stub.requests
    assert sent.url.path == "/swap/v2/execute"
    assert base64.b64encode(SIGNED) in sent.content


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), NotAttempted),
        (httpx.ReadError("broken"), Unanswered),
        (httpx.RemoteProtocolError("broken"), Unanswered),
        (httpx.ReadTimeout("late"), Unanswered),
    ],
)
async def test_an_execution_without_an_answer(
    jupiter: JupiterSwaps, stub: Stub, error: httpx.TransportError, kind: type[Setback]
) -> None:
    stub.error = error

    assert isinstance(await jupiter.execute_swap(ordered(), SIGNED, key="one"), kind)
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("kind", "expected", "landed"),
    [
        ("timeout_before_executing", Unanswered, False),
        ("timeout_after_executing", Unanswered, True),
        ("error", Unanswered, False),
        ("outage", Unanswered, False),
        ("malformed_body", Unanswered, True),
        ("rate_limit", NotAttempted, False),
        ("wrong_amount", Unanswered, True),
    ],
)
async def test_faults_of_an_execution(
    world: DexWorld, kind: str, expected: type[Setback], *, landed: bool
) -> None:
    jupiter = world.jupiter()
    quote = good(await jupiter.get_quote(world.request()))
    signed = world.signed(base64.b64decode(quote.terms["transaction"]))
    world.providers.fault(kind, "jupiter", operations=["execute"], hang_ms=10, remaining=1)  # type: ignore[arg-type]  # one of the kinds

    answer = await jupiter.execute_swap(quote, signed, key="one")

    assert isinstance(answer, expected), answer
    signature = VersionedTransaction.from_bytes(signed).signatures[0]
    assert world.node.store.knows(bytes(signature)) is landed
    # The same bytes again are safe: they land once.
    assert not isinstance(await jupiter.execute_swap(quote, signed, key="one"), Setback)


async def test_how_a_composed_swap_is_asked_for(
    stub_and_client: tuple[Stub, HttpClient],
) -> None:
    stub, client = stub_and_client
    jupiter = JupiterSwaps(
        client, base_url="https://jup.test/", api_key="key", clock=noon, accounts_max=24
    )
    request = replace(asked(jupiter), fee_payer="payer", slippage_millionths=5_099)

    await jupiter.get_quote(request)

    assert stub.requests[0].url.path == "/swap/v2/build"
    assert dict(stub.requests[0].url.params) == {
        "inputMint": str(USDC.contract),
        "outputMint": "So11111111111111111111111111111111111111112",
        "amount": "50000000",
        "taker": str(USER.pubkey()),
        "slippageBps": "50",
        "payer": "payer",
        "maxAccounts": "24",
    }
