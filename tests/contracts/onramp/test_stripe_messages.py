"""Stripe's webhooks, and what its sandbox does by itself."""

import base64
import json
from urllib.parse import urlencode

import pytest

from domain.provider.ports.onramp import PaymentState
from infrastructure.http import HttpResponse
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SOLANA_ADDRESS,
    SandboxSubject,
    eventually,
    hex_digest,
)
from tests.contracts.onramp.wishes import opened, ordered, status
from tests.contracts.worlds import BASE_URL

SESSIONS = f"{BASE_URL}/stripe/v1/crypto/onramp_sessions"


# ------------------------------------------------------------------ webhooks


def signed(body: bytes, *signatures: str) -> dict[str, str]:
    at = int(stubs.noon().timestamp())
    right = hex_digest("whsec_1", f"{at}.".encode() + body)
    told = ",".join(f"v1={right if text == 'right' else text}" for text in signatures)
    return {"stripe-signature": f"t={at},{told},v0=test"}


EVENT = {
    "id": "evt_1",
    "type": "crypto.onramp_session.updated",
    "created": 1_772_366_400,
    "data": {"object": {"object": "crypto.onramp_session", "id": "cos_1"}},
}


@pytest.mark.parametrize("signatures", [("right",), ("ab", "right"), ("right", "ab")])
async def test_one_of_several_signatures_is_enough(signatures: tuple[str, ...]) -> None:
    body = json.dumps(EVENT).encode()

    async with stubs.always(stubs.told(200)) as client:
        told = stubs.stripe(client).read_webhook(signed(body, *signatures), body, stubs.noon())

    assert (told.message_id, told.reference) == ("evt_1", "cos_1")
    assert told.occurred_at == stubs.noon()


@pytest.mark.parametrize(
    "data",
    [{"object": {"object": "charge", "id": "ch_1"}}, {"object": {"object": "balance"}}, {}],
)
async def test_an_event_about_something_else_has_no_reference(data: dict[str, object]) -> None:
    body = json.dumps({**EVENT, "type": "charge.succeeded", "data": data}).encode()

    async with stubs.always(stubs.told(200)) as client:
        told = stubs.stripe(client).read_webhook(signed(body, "right"), body, stubs.noon())

    assert (told.message_id, told.reference, told.event) == ("evt_1", None, "charge.succeeded")


# ------------------------------------------------------------------ the sandbox's own


async def test_time_alone_delivers_what_was_paid(stripe: SandboxSubject) -> None:
    asked = await ordered(stripe.adapter, stripe.method)
    found = await opened(stripe.adapter, asked)
    await stripe.pay(found)

    stripe.world.skip(seconds=4)
    told = await status(stripe.adapter, found.reference)

    assert (told.state, told.transaction_hash) == (PaymentState.DELIVERED, "hash-1")
    assert stripe.deliveries == [("USDC", "SOLANA", SOLANA_ADDRESS, asked.quote.asset_amount)]
    await eventually(lambda: len(stripe.world.received) == 3)
    told_by_message = [
        json.loads(message.body)["data"]["object"]["status"] for message in stripe.world.received
    ]
    assert told_by_message == [
        "requires_payment",
        "fulfillment_processing",
        "fulfillment_complete",
    ]


async def test_a_page_expires(stripe: SandboxSubject) -> None:
    found = await opened(stripe.adapter, await ordered(stripe.adapter, stripe.method))
    stripe.world.skip(hours=25)

    page = await stripe.world.client.request("POST", found.redirect_url)

    assert page.status == 410
    told = await status(stripe.adapter, found.reference)
    assert told.state is PaymentState.AWAITING_USER


async def ask(stripe: SandboxSubject, form: dict[str, str], **headers: str) -> HttpResponse:
    key = stripe.world.world.credential("stripe", "secret_key")
    name = base64.b64encode(f"{key}:".encode()).decode()
    return await stripe.world.client.request(
        "POST",
        SESSIONS,
        content=urlencode(form).encode(),
        headers={"authorization": f"Basic {name}", **headers},
    )


FORM = {
    "source_amount": "50.00",
    "destination_currency": "usdc",
    "destination_network": "solana",
    "wallet_addresses[solana]": SOLANA_ADDRESS,
}


async def test_the_key_may_come_by_basic_authentication(stripe: SandboxSubject) -> None:
    assert (await ask(stripe, FORM)).status == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"colour": "red"}, "parameter_unknown"),
        ({"source_amount": "0.50"}, "crypto_onramp_invalid_source_amount"),
        ({"source_amount": "1.005"}, "crypto_onramp_invalid_source_amount"),
        ({"source_currency": "brl"}, "crypto_onramp_invalid_source_destination_pair"),
        ({"destination_networks[]": "base"}, "crypto_onramp_conflicting_destination_currency"),
        (
            {"destination_network": "bitcoin"},
            "crypto_onramp_invalid_destination_currency_and_network_pair",
        ),
    ],
)
async def test_the_sandbox_refuses_as_stripe_does(
    stripe: SandboxSubject, changed: dict[str, str], code: str
) -> None:
    answer = await ask(stripe, {**FORM, **changed})

    assert answer.status == 400
    assert json.loads(answer.body)["error"]["code"] == code
