"""What is Stripe's own: forms and keys, the words of its statuses and refusals."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.onramp import PaymentOpened, PaymentState
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SOLANA_ADDRESS,
    SandboxSubject,
    stripe_adapter,
)
from tests.contracts.onramp.test_faults import asked_of
from tests.contracts.onramp.wishes import opened, order, ordered, quoted, status, wish

# ------------------------------------------------------------------ sessions


async def test_a_session_binds_what_was_ordered(stripe: SandboxSubject) -> None:
    asked = await ordered(stripe.adapter, stripe.method)
    await opened(stripe.adapter, asked)

    sent = stripe.recorder.exchanges[-1]
    form = dict(parse_qsl((sent.content or b"").decode()))
    assert sent.headers["idempotency-key"] == asked.key
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form["wallet_addresses[solana]"] == SOLANA_ADDRESS
    assert form["lock_wallet_address"] == "true"
    assert form["destination_currencies[]"] == form["destination_currency"] == "usdc"
    assert form["metadata[payment_key]"] == asked.key
    # Stripe's amount is without the fees: 100.00 is 2.44 and 0.30 more than that.
    assert form["source_amount"] == "97.26"


async def test_keys_are_forgotten_after_a_day(stripe: SandboxSubject) -> None:
    asked = await ordered(stripe.adapter, stripe.method)
    first = await opened(stripe.adapter, asked)

    stripe.world.skip(hours=23)
    same = await opened(stripe.adapter, asked)
    stripe.world.skip(hours=2)
    other = await opened(stripe.adapter, asked)

    assert first == same
    assert first != other
    assert stripe.adapter.idempotency.lifetime_seconds == 24 * 3600


async def test_a_key_with_another_call_is_unknown(stripe: SandboxSubject) -> None:
    """By that key something was opened already."""
    await opened(stripe.adapter, await ordered(stripe.adapter, stripe.method))
    quote = await quoted(stripe.adapter, wish(stripe.method, fiat_amount=20_00))

    answer = await stripe.adapter.initiate_fiat_to_crypto(order(quote))

    assert isinstance(answer, Unanswered)


async def test_a_lost_session_is_found_among_many(stripe: SandboxSubject) -> None:
    asked = await ordered(stripe.adapter, stripe.method, key="lost")
    lost = await opened(stripe.adapter, asked)
    for number in range(105):
        await opened(stripe.adapter, order(asked.quote, key=f"other-{number}"))

    assert await stripe.adapter.find_payment(asked) == lost
    assert await stripe.adapter.find_payment(order(asked.quote, key="never")) is None


async def test_what_is_older_than_the_quote_is_not_looked_through(stripe: SandboxSubject) -> None:
    asked = await ordered(stripe.adapter, stripe.method)
    await opened(stripe.adapter, asked)

    await stripe.adapter.find_payment(asked)

    query = dict(parse_qsl(stripe.recorder.exchanges[-1].url.partition("?")[2]))
    since = asked.quote.expires_at - timedelta(seconds=360)
    assert query["created[gte]"] == str(int(since.timestamp()))


async def test_a_search_ends() -> None:
    session = {"id": "cos_1", "status": "initialized", "created": 1, "transaction_details": {}}
    page = {"data": [session], "has_more": True}

    async with stubs.always(stubs.told(200, page)) as client:
        answer = await stubs.stripe(client).find_payment(asked_of())
        assert len(client.asked) == 10

    assert isinstance(answer, NotAttempted)


SESSION = {
    "id": "cos_1",
    "status": "initialized",
    "created": 1_772_366_400,
    "redirect_url": "https://crypto.link.com?session_hash=x",
    "transaction_details": {
        "source_amount": "100.00",
        "source_currency": "usd",
        "destination_currency": "usdc",
        "destination_network": "solana",
        "lock_wallet_address": True,
        "wallet_addresses": {"solana": SOLANA_ADDRESS},
        "fees": None,
    },
}


def session(changed: dict[str, object], **outer: object) -> stubs.Answer:
    details = {**dict(SESSION["transaction_details"]), **changed}  # type: ignore[call-overload]  # of mixed values
    return stubs.told(200, {**SESSION, **outer, "transaction_details": details})


async def test_a_session_that_fits_is_opened() -> None:
    async with stubs.always(session({})) as client:
        answer = await stubs.stripe(client).initiate_fiat_to_crypto(asked_of())

    assert isinstance(answer, PaymentOpened)


@pytest.mark.parametrize(
    "changed",
    [
        {"source_amount": "100.01"},
        {"source_amount": None},
        {"source_currency": "eur"},
        {"destination_currency": "eth"},
        {"destination_network": "ethereum"},
        {"lock_wallet_address": False},
        {"wallet_addresses": None},
        {"wallet_addresses": {"solana": "So11111111111111111111111111111111111111112"}},
    ],
)
async def test_a_session_that_is_another_one_is_unknown(changed: dict[str, object]) -> None:
    async with stubs.always(session(changed)) as client:
        answer = await stubs.stripe(client).initiate_fiat_to_crypto(asked_of())

    assert isinstance(answer, Unanswered)


async def test_a_session_without_a_page_is_unknown() -> None:
    async with stubs.always(session({}, redirect_url=None)) as client:
        answer = await stubs.stripe(client).initiate_fiat_to_crypto(asked_of())

    assert isinstance(answer, Unanswered)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("initialized", PaymentState.AWAITING_USER),
        ("requires_payment", PaymentState.AWAITING_USER),
        ("fulfillment_processing", PaymentState.PAID),
        ("fulfillment_complete", PaymentState.DELIVERED),
        ("rejected", PaymentState.FAILED),
        ("quote_ready", PaymentState.UNRECOGNISED),
    ],
)
async def test_the_words_of_a_session(word: str, state: PaymentState) -> None:
    async with stubs.always(session({}, status=word)) as client:
        told = await status(stubs.stripe(client), "cos_1")

    assert (told.state, told.provider_status) == (state, word)
    # The parts of the total are not all told.
    assert told.fiat_amount is None


@pytest.mark.parametrize(
    ("told", "found"), [("cxt_1ABC", None), ("5xHash", "5xHash"), (None, None)]
)
async def test_only_a_chains_hash_is_one(told: str | None, found: str | None) -> None:
    async with stubs.always(session({"transaction_id": told})) as client:
        assert (await status(stubs.stripe(client), "cos_1")).transaction_hash == found


async def test_an_asset_that_is_not_ours_has_no_amount() -> None:
    changed: dict[str, object] = {"destination_currency": "xlm", "destination_amount": "7"}
    async with stubs.always(session(changed)) as client:
        told = await status(stubs.stripe(client), "cos_1")

    assert (told.asset, told.asset_amount) == ("solana:xlm", None)


async def test_an_answer_about_another_session_is_none() -> None:
    async with stubs.always(session({})) as client:
        assert isinstance(await stubs.stripe(client).check_payment_status("cos_2"), NotAttempted)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("http_status", "kind", "code", "expected"),
    [
        (400, "invalid_request_error", "parameter_unknown", "PRV_INVALID"),
        (400, "invalid_request_error", "crypto_onramp_disabled", "PRV_UNAVAILABLE"),
        (400, "invalid_request_error", "crypto_onramp_unsupported_country", "PRV_UNSUPPORTED"),
        (400, "invalid_request_error", "crypto_onramp_unsupportable_customer", "PRV_UNSUPPORTED"),
        (400, "invalid_request_error", "crypto_onramp_invalid_source_amount", "PRV_LIMIT"),
        (401, "invalid_request_error", None, "PRV_UNAUTHORISED"),
        (402, "card_error", "card_declined", "PRV_DECLINED"),
        (403, "invalid_request_error", None, "PRV_UNAUTHORISED"),
        (404, "invalid_request_error", "resource_missing", "PRV_NOT_FOUND"),
    ],
)
async def test_a_refusal_keeps_its_own_code(
    http_status: int, kind: str, code: str | None, expected: str
) -> None:
    body = {"error": {"type": kind, "message": "No.", "code": code}}

    async with stubs.always(stubs.told(http_status, body)) as client:
        answer = await stubs.stripe(client).initiate_fiat_to_crypto(asked_of())

    assert answer == Declined(code=expected, reason="No.", provider_code=code or kind)


async def test_a_call_that_is_under_way_is_unknown() -> None:
    body = {"error": {"type": "invalid_request_error", "code": "idempotency_key_in_use"}}

    async with stubs.always(stubs.told(409, body)) as client:
        answer = await stubs.stripe(client).initiate_fiat_to_crypto(asked_of())

    assert isinstance(answer, Unanswered)


async def test_another_key_is_declined(stripe: SandboxSubject) -> None:
    stranger = stripe_adapter(stripe.world, stripe.recorder)
    stranger._calls._secret_key = "sk_test_other"

    answer = await stranger.check_payment_status("cos_1")

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNAUTHORISED"
