"""What each status and each broken connection means, by adapter: who may be asked next."""

from collections.abc import AsyncIterator

import httpx
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback
from domain.provider.ports.defi import DeFiProvider
from infrastructure.http import HttpClient
from infrastructure.providers.jupiter_lend.adapter import JupiterLend
from infrastructure.providers.kamino.adapter import KaminoVaults
from tests.contracts.defi.cases import LENDING_TOKEN, VAULTS, DefiWorld
from tests.contracts.defi.journeys import passing
from tests.contracts.defi.stubs import Stub, noon, stubbed

OWNER = "5ZWj7a1f8tWkjBESHKgrLmXshuXxqeY9SYcfbshpAqPG"
PAYER = "7WduLbRfYhTJktjLw5FDEyrqoEv61aTTCuGAetgLjzN5"
PLACES = {"kamino": VAULTS["steady"], "jupiter_lend": LENDING_TOKEN}
NAMES = tuple(PLACES)


@pytest.fixture
async def stub_and_client() -> AsyncIterator[tuple[Stub, HttpClient]]:
    async with stubbed() as opened:
        yield opened


@pytest.fixture
def stub(stub_and_client: tuple[Stub, HttpClient]) -> Stub:
    return stub_and_client[0]


@pytest.fixture(params=NAMES)
def adapter(
    request: pytest.FixtureRequest, stub_and_client: tuple[Stub, HttpClient]
) -> DeFiProvider:
    client = stub_and_client[1]
    if request.param == "kamino":
        return KaminoVaults(client, base_url="https://kamino.test/", clock=noon)
    return JupiterLend(client, base_url="https://jup.test/", api_key="key", clock=noon)


async def known(stub: Stub, world: DefiWorld) -> None:
    """The reads that come before an instruction are answered as in the sandbox."""
    for name, place in PLACES.items():
        async with passing(world) as (client, exchanges):
            await world.adapter(name, client=client).get_strategy_status(place, owner=OWNER)
        for exchange in exchanges:
            if exchange.status == 200:
                stub.bodies[exchange.path.rsplit("/", 1)[-1]] = exchange.body
    del stub.bodies["positions"]


async def every_answer(adapter: DeFiProvider) -> list[object]:
    place = PLACES[adapter.name]
    return [
        await adapter.offers(),
        await adapter.get_strategy_status(place, owner=OWNER),
        await adapter.deploy_strategy(place, owner=OWNER, fee_payer=PAYER, amount=10**7),
        await adapter.withdraw_from_strategy(place, owner=OWNER, fee_payer=PAYER, shares=1),
    ]


async def composing_answers(adapter: DeFiProvider) -> list[object]:
    return (await every_answer(adapter))[2:]


STATUSES: list[tuple[int, type[Setback], str | None]] = [
    (302, NotAttempted, None),
    (400, Declined, "PRV_DECLINED"),
    (401, Declined, "PRV_UNAUTHORISED"),
    (403, Declined, "PRV_UNAUTHORISED"),
    (408, NotAttempted, None),
    (409, Declined, "PRV_DECLINED"),
    (422, Declined, "PRV_DECLINED"),
    (429, NotAttempted, None),
    (500, NotAttempted, None),
    (502, NotAttempted, None),
    (503, NotAttempted, None),
    (504, NotAttempted, None),
]


@pytest.mark.parametrize(("status", "kind", "code"), STATUSES)
async def test_each_status(
    adapter: DeFiProvider, stub: Stub, status: int, kind: type[Setback], code: str | None
) -> None:
    stub.status, stub.body = status, b'{"error":"because"}'

    for answer in await every_answer(adapter):
        assert isinstance(answer, kind), answer
        if isinstance(answer, Declined):
            assert (answer.code, answer.provider_code) == (code, str(status))
            assert answer.reason == "because"


@pytest.mark.parametrize("expected", STATUSES)
async def test_each_status_of_what_composes(
    adapter: DeFiProvider,
    stub: Stub,
    world: DefiWorld,
    expected: tuple[int, type[Setback], str | None],
) -> None:
    status, kind, code = expected
    await known(stub, world)
    stub.status, stub.body = status, b'{"message":"because"}'

    for answer in await composing_answers(adapter):
        assert isinstance(answer, kind), answer
        if isinstance(answer, Declined):
            assert answer.code == code
            assert answer.reason == "because"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.ReadTimeout("no"),
        httpx.ReadError("no"),
        httpx.RemoteProtocolError("no"),
    ],
)
async def test_each_broken_connection(
    adapter: DeFiProvider, stub: Stub, world: DefiWorld, error: httpx.TransportError
) -> None:
    """Composing changes nothing: whatever broke, nothing happened."""
    stub.error = error
    first = await every_answer(adapter)
    await known(stub, world)

    for answer in [*first, *await composing_answers(adapter)]:
        assert isinstance(answer, NotAttempted), answer


async def test_a_rate_limit_says_when_to_come_again(adapter: DeFiProvider, stub: Stub) -> None:
    stub.status, stub.headers = 429, {"retry-after": "7"}

    for answer in await every_answer(adapter):
        assert isinstance(answer, NotAttempted)
        assert answer.retry_after_seconds == 7


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"a":', b"null", b"\xff\xfe"])
async def test_what_cannot_be_read(adapter: DeFiProvider, stub: Stub, body: bytes) -> None:
    stub.body = body

    for answer in await every_answer(adapter):
        assert isinstance(answer, NotAttempted), answer
    assert not await adapter.healthy()


async def test_a_refusal_without_words(adapter: DeFiProvider, stub: Stub) -> None:
    stub.status, stub.body = 400, b"<html>"

    for answer in await every_answer(adapter):
        assert isinstance(answer, Declined)
        assert answer.reason == "HTTP 400"


@pytest.mark.parametrize(
    ("provider_code", "code"),
    [
        ("KVAULT_NOT_FOUND", "PRV_UNSUPPORTED"),
        ("DECIMAL_TO_LAMPORTS_OVERFLOW", "PRV_INVALID"),
        ("TRANSACTION_SIZE_ERROR", "PRV_DECLINED"),
        ("SOMETHING_NEW", "PRV_DECLINED"),
    ],
)
async def test_kaminos_own_codes(
    stub_and_client: tuple[Stub, HttpClient], world: DefiWorld, provider_code: str, code: str
) -> None:
    stub, client = stub_and_client
    await known(stub, world)
    stub.status = 400
    stub.body = f'{{"statusCode":400,"message":"m","code":"{provider_code}"}}'.encode()
    adapter = KaminoVaults(client, base_url="https://kamino.test", clock=noon)

    for answer in await composing_answers(adapter):
        assert isinstance(answer, Declined)
        assert (answer.code, answer.provider_code) == (code, provider_code)


async def test_no_address_reaches_the_provider_that_is_none(
    adapter: DeFiProvider, stub: Stub
) -> None:
    place = PLACES[adapter.name]

    for offer, owner, payer in (
        ("../../secrets", OWNER, PAYER),
        (place, "0x1234", PAYER),
        (place, OWNER, "nobody"),
    ):
        answers = [
            await adapter.deploy_strategy(offer, owner=owner, fee_payer=payer, amount=10**7),
            await adapter.withdraw_from_strategy(offer, owner=owner, fee_payer=payer, shares=1),
        ]
        for answer in answers:
            assert isinstance(answer, Declined)
            assert answer.code == "PRV_INVALID"

    assert not stub.requests


async def test_reads_are_tried_again_after_a_blip(adapter: DeFiProvider, stub: Stub) -> None:
    stub.status = 503

    assert isinstance(await adapter.offers(), NotAttempted)
    assert len(stub.requests) == 3


async def test_the_key_goes_where_it_belongs(adapter: DeFiProvider, stub: Stub) -> None:
    await adapter.offers()

    sent = stub.requests[0].headers
    assert sent.get("x-api-key") == (None if adapter.name == "kamino" else "key")
