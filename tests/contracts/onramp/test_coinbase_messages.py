"""Coinbase's webhooks, and what its sandbox does by itself."""

import json

import pytest

from domain.provider.ports.answers import WebhookRefused
from domain.provider.ports.onramp import PaymentState
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SandboxSubject,
    eventually,
    hex_digest,
)
from tests.contracts.onramp.wishes import opened, ordered, status

# ------------------------------------------------------------------ webhooks


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ({"eventType": "onramp.transaction.success", "orderId": "o", "status": "s"}, "o"),
        (
            {
                "eventType": "onramp.transaction.updated",
                "transactionId": "t",
                "partnerUserRef": "p.u.d",
                "status": "s",
            },
            "p.u.d",
        ),
        ({"eventType": "wallet.activity.detected"}, None),
    ],
)
async def test_a_message_is_about_an_order_or_a_reference(
    body: dict[str, str], reference: str | None
) -> None:
    content = json.dumps(body).encode()
    at = int(stubs.noon().timestamp())
    header = f"t={at}, v0={hex_digest('secret', f'{at}.'.encode() + content)}"

    async with stubs.always(stubs.told(200)) as client:
        told = stubs.coinbase(client).read_webhook(
            {"x-hook0-signature": header}, content, stubs.noon()
        )

    assert told.reference == reference


async def test_a_signature_over_headers_is_checked_with_them() -> None:
    at, body = int(stubs.noon().timestamp()), b"{}"
    signed = f"{at}.content-type x-event-id.application/json.7.".encode() + body
    signature = f"t={at},h=content-type x-event-id,v1={hex_digest('secret', signed)}"
    headers = {
        "x-hook0-signature": signature,
        "content-type": "application/json",
        "x-event-id": "7",
    }

    async with stubs.always(stubs.told(200)) as client:
        adapter = stubs.coinbase(client)
        assert adapter.read_webhook(headers, body, stubs.noon()).message_id
        with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
            adapter.read_webhook({**headers, "x-event-id": "8"}, body, stubs.noon())


@pytest.mark.parametrize("header", ["", "t=1", "v0=ab", "nonsense", "t=x,v0=ab", "t=1,v0=é"])
async def test_half_a_signature_is_none(header: str) -> None:
    async with stubs.always(stubs.told(200)) as client:
        with pytest.raises(WebhookRefused):
            stubs.coinbase(client).read_webhook({"x-hook0-signature": header}, b"{}", stubs.noon())


# ------------------------------------------------------------------ the sandbox's own


async def test_time_alone_delivers_what_was_paid(coinbase_order: SandboxSubject) -> None:
    asked = await ordered(coinbase_order.adapter, coinbase_order.method)
    found = await opened(coinbase_order.adapter, asked)
    await coinbase_order.pay(found)

    coinbase_order.world.skip(seconds=4)
    told = await status(coinbase_order.adapter, found.reference)

    assert (told.state, told.transaction_hash) == (PaymentState.DELIVERED, "hash-1")
    assert coinbase_order.deliveries == [
        ("USDC", "SOLANA", asked.quote.request.address, asked.quote.asset_amount)
    ]
    await eventually(lambda: len(coinbase_order.world.received) == 3)
    events = [json.loads(message.body)["eventType"] for message in coinbase_order.world.received]
    assert events == [f"onramp.transaction.{word}" for word in ("created", "updated", "success")]


async def test_what_is_paid_twice_is_delivered_once(coinbase_session: SandboxSubject) -> None:
    found = await opened(
        coinbase_session.adapter,
        await ordered(coinbase_session.adapter, coinbase_session.method),
    )
    await coinbase_session.pay(found)
    await coinbase_session.complete(found.reference)
    await coinbase_session.world.client.request("POST", found.redirect_url, content=b"outcome=pay")
    coinbase_session.world.skip(seconds=10)
    await status(coinbase_session.adapter, found.reference)

    assert len(coinbase_session.deliveries) == 1


async def test_a_sessions_link_expires(coinbase_session: SandboxSubject) -> None:
    found = await opened(
        coinbase_session.adapter,
        await ordered(coinbase_session.adapter, coinbase_session.method),
    )
    coinbase_session.world.skip(seconds=301)

    page = await coinbase_session.world.client.request("POST", found.redirect_url)

    assert page.status == 410
    told = await status(coinbase_session.adapter, found.reference)
    assert told.state is PaymentState.AWAITING_USER


async def test_who_paid_is_sent_back(coinbase_session: SandboxSubject) -> None:
    found = await opened(
        coinbase_session.adapter,
        await ordered(coinbase_session.adapter, coinbase_session.method),
    )

    answer = await coinbase_session.world.client.request(
        "POST", found.redirect_url, content=b"outcome=decline"
    )

    assert answer.headers["location"] == "https://wallet.test/done?transaction=1"
    told = await status(coinbase_session.adapter, found.reference)
    assert told.state is PaymentState.FAILED
