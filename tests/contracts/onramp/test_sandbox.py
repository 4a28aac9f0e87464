"""What both simulated on-ramps keep to: one delivery a payment, and a memory over restarts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from domain.provider.ports.onramp import OnRampProvider, OnRampQuote, PaymentMethod, PaymentState
from infrastructure.http import HttpClient
from infrastructure.providers.amounts import exact_padded
from infrastructure.sandbox.coinbase import server as coinbase_server
from infrastructure.sandbox.market import Deliver
from infrastructure.sandbox.stripe import server as stripe_server
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SOLANA_ADDRESS,
    SandboxSubject,
    coinbase_adapter,
    stripe_adapter,
)
from tests.contracts.onramp.wishes import opened, ordered, status, wish
from tests.contracts.worlds import ProviderWorld


async def test_many_who_look_at_once_see_one_delivery(sandbox: SandboxSubject) -> None:
    found = await opened(sandbox.adapter, await ordered(sandbox.adapter, sandbox.method))
    await sandbox.pay(found)
    sandbox.world.skip(seconds=4)

    told = await asyncio.gather(*(status(sandbox.adapter, found.reference) for _ in range(5)))

    assert {one.transaction_hash for one in told} == {"hash-1"}
    assert len(sandbox.deliveries) == 1


@asynccontextmanager
async def restarted(
    sandbox: SandboxSubject, *, deliver: Deliver | None = None
) -> AsyncIterator[tuple[OnRampProvider, HttpClient]]:
    """The adapter at a server that was started again in the same world."""
    world, sender = sandbox.world.world, sandbox.world.sender
    of_stripe = sandbox.provider == "stripe"
    mount = stripe_server.mount if of_stripe else coinbase_server.mount
    app = Starlette(routes=mount(world, sender, deliver=deliver))
    async with HttpClient(transport=httpx.ASGITransport(app)) as client:
        adapter_of: Callable[[ProviderWorld, HttpClient], OnRampProvider] = (
            stripe_adapter if of_stripe else coinbase_adapter
        )
        yield adapter_of(sandbox.world, client), client


async def test_a_restart_forgets_nothing(sandbox: SandboxSubject) -> None:
    found = await opened(sandbox.adapter, await ordered(sandbox.adapter, sandbox.method))
    await sandbox.pay(found)

    async with restarted(sandbox) as (adapter, _client):
        before = await status(adapter, found.reference)
        sandbox.world.skip(seconds=4)
        after = await status(adapter, found.reference)

    assert before.state in {PaymentState.PROCESSING, PaymentState.PAID}
    assert after.state is PaymentState.DELIVERED
    # Nobody delivers here, so the hash is made up.
    assert len(after.transaction_hash or "") == 64


async def test_what_cannot_be_delivered_fails(sandbox: SandboxSubject) -> None:
    async def refuse(**_asked: object) -> str:
        raise ValueError("there is no such chain")

    async with restarted(sandbox, deliver=refuse) as (adapter, client):
        found = await opened(adapter, await ordered(adapter, sandbox.method))
        await client.request("POST", found.redirect_url, content=b"outcome=pay")
        sandbox.world.skip(seconds=4)
        told = await status(adapter, found.reference)

    assert told.state is PaymentState.FAILED


async def test_a_page_that_is_not_there(sandbox: SandboxSubject) -> None:
    base = f"http://sandbox.test/{sandbox.provider}"
    simulated = f"{base}/_simulate/{sandbox.simulated}/nothing/pay"

    answers = [
        await sandbox.world.client.request("GET", f"{base}/pay/nothing"),
        await sandbox.world.client.request("POST", simulated),
    ]

    assert [answer.status for answer in answers] == [404, 404]


async def test_a_page_shows_what_is_to_be_paid(sandbox: SandboxSubject) -> None:
    found = await opened(sandbox.adapter, await ordered(sandbox.adapter, sandbox.method))

    page = await sandbox.world.client.request("GET", found.redirect_url)

    assert b"100.00 USD for " in page.body
    assert page.headers["content-type"].startswith("text/html")


async def test_who_has_paid_cannot_take_it_back(sandbox: SandboxSubject) -> None:
    found = await opened(sandbox.adapter, await ordered(sandbox.adapter, sandbox.method))
    await sandbox.pay(found)

    for outcome in (b"outcome=decline", b"outcome=reject"):
        await sandbox.world.client.request("POST", found.redirect_url, content=outcome)
    await sandbox.complete(found.reference)

    assert (await status(sandbox.adapter, found.reference)).state is PaymentState.DELIVERED


async def test_nothing_secret_or_personal_is_logged(
    sandbox: SandboxSubject, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        asked = await ordered(sandbox.adapter, sandbox.method)
        found = await opened(sandbox.adapter, asked)
        await sandbox.say(found.reference, "NEW")
        await status(sandbox.adapter, found.reference)
        await sandbox.adapter.cancel_payment(found.reference, key="cancel-1")
        sandbox.world.fault("outage", sandbox.provider)
        await sandbox.adapter.find_payment(asked)

    hidden = [*sandbox.world.world.credentials().values(), SOLANA_ADDRESS, asked.user_reference]
    logged = [record for record in caplog.records if record.name.startswith("infrastructure")]
    assert logged
    assert not [text for text in hidden for record in logged if text in record.getMessage()]


# ------------------------------------------------------------------ properties

# Others share the machine: an example that takes long says nothing.
PATIENT = settings(deadline=None, max_examples=100)


@PATIENT
@given(st.integers(min_value=0, max_value=10**29), st.integers(min_value=0, max_value=18))
def test_every_amount_is_read_as_it_was_written(units: int, decimals: int) -> None:
    digits = str(units).rjust(decimals + 1, "0")
    text = f"{digits[: len(digits) - decimals]}.{digits[len(digits) - decimals :]}0"

    assert exact_padded(text, decimals=decimals) == units


@PATIENT
@given(
    st.integers(min_value=10_00, max_value=50_000_00),
    st.integers(min_value=0, max_value=100_000),
    st.integers(min_value=0, max_value=5_00),
)
async def test_stripes_total_is_found_whatever_the_fees(
    total: int, millionths: int, fixed: int
) -> None:
    """Up to ten per cent and five dollars: never more than asked for, at most a cent less."""

    def script(_method: str, url: str) -> stubs.Answer:
        asked = url.partition("source_amount=")[2].partition("&")[0]
        fee = -(-exact_padded(asked, decimals=2) * millionths // 1_000_000)
        paid = exact_padded(asked, decimals=2) + fee + fixed
        quote = {
            "destination_amount": "1.000000",
            "destination_currency": "usdc",
            "destination_network": "solana",
            "fees": {
                "network_fee_monetary": f"{fixed // 100}.{fixed % 100:02}",
                "transaction_fee_monetary": f"{fee // 100}.{fee % 100:02}",
            },
            "source_total_amount": f"{paid // 100}.{paid % 100:02}",
        }
        body = {
            "source_amount": asked,
            "source_currency": "usd",
            "destination_network_quotes": {"solana": [quote]},
        }
        return stubs.told(200, body)

    async with stubs.StubClient(script) as client:
        answer = await stubs.stripe(client).quote(wish(PaymentMethod.CARD, fiat_amount=total))

    assert isinstance(answer, OnRampQuote), answer
    assert total - 1 <= answer.request.fiat_amount <= total
