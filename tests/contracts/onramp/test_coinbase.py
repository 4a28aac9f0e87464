"""What is Coinbase's own: orders and sessions, the words of its statuses and refusals."""

import json

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.onramp import PaymentMethod, PaymentState
from infrastructure.providers.coinbase.adapter import partner_reference
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SandboxSubject,
)
from tests.contracts.onramp.test_faults import asked_of
from tests.contracts.onramp.wishes import opened, ordered, quoted, status, wish

# ------------------------------------------------------------------ what is asked


async def test_in_the_united_states_wallets_pay_by_order(coinbase_order: SandboxSubject) -> None:
    asked = await ordered(coinbase_order.adapter, PaymentMethod.GOOGLE_PAY)
    found = await opened(coinbase_order.adapter, asked)

    sent = json.loads(coinbase_order.recorder.exchanges[-1].content or b"")
    assert sent["paymentMethod"] == "GUEST_CHECKOUT_GOOGLE_PAY"
    assert sent["paymentAmount"] == "100.00"
    assert sent["partnerOrderRef"] == asked.key
    assert "phoneNumber" not in sent
    assert "redirect_url=https%3A%2F%2Fwallet.test%2Fdone%3Ftransaction%3D1" in found.redirect_url
    assert found.expires_at is None


async def test_elsewhere_apple_pay_pays_by_session(coinbase_session: SandboxSubject) -> None:
    await quoted(coinbase_session.adapter, wish(PaymentMethod.APPLE_PAY, country="DE"))

    exchange = coinbase_session.recorder.exchanges[-1]
    sent = json.loads(exchange.content or b"")
    assert exchange.url.endswith("/v2/onramp/sessions")
    assert (sent["country"], sent["paymentMethod"]) == ("DE", "APPLE_PAY")
    assert "subdivision" not in sent


async def test_what_coinbase_has_not_is_not_asked(coinbase_session: SandboxSubject) -> None:
    answer = await coinbase_session.adapter.quote(wish(PaymentMethod.GOOGLE_PAY, country="DE"))

    assert isinstance(answer, Declined)
    assert not coinbase_session.recorder.exchanges


async def test_a_partner_reference_is_one_payments_own() -> None:
    first = partner_reference(asked_of())

    assert first == partner_reference(asked_of())
    assert first.startswith("p.7f0c9f0euser.")
    assert len(first) < 50


# ------------------------------------------------------------------ what is answered


@pytest.mark.parametrize(
    ("http_status", "error_type", "code"),
    [
        (400, "invalid_request", "PRV_INVALID"),
        (400, "network_not_tradable", "PRV_UNSUPPORTED"),
        (400, "guest_region_forbidden", "PRV_UNSUPPORTED"),
        (400, "guest_permission_denied", "PRV_DECLINED"),
        (400, "phone_number_verification_expired", "PRV_DECLINED"),
        (400, "otp_verification_required", "PRV_DECLINED"),
        (401, "unauthorized", "PRV_UNAUTHORISED"),
        (403, "forbidden", "PRV_UNAUTHORISED"),
        (404, "otp_verification_not_found", "PRV_NOT_FOUND"),
        (422, "something_new", "PRV_DECLINED"),
        (429, "guest_transaction_limit", "PRV_LIMIT"),
        (429, "guest_transaction_count", "PRV_LIMIT"),
    ],
)
async def test_a_refusal_keeps_its_own_code(http_status: int, error_type: str, code: str) -> None:
    answer = stubs.told(http_status, {"errorType": error_type, "errorMessage": "No."})

    async with stubs.always(answer) as client:
        declined = await stubs.coinbase(client).initiate_fiat_to_crypto(asked_of())

    assert declined == Declined(code=code, reason="No.", provider_code=error_type)


async def test_a_rate_limit_is_waited_for() -> None:
    body = {"errorType": "rate_limit_exceeded", "errorMessage": "Slow."}

    async with stubs.always(stubs.told(429, body, {"retry-after": "3"})) as client:
        answer = await stubs.coinbase(client).initiate_fiat_to_crypto(asked_of())

    assert isinstance(answer, NotAttempted)
    assert answer.retry_after_seconds == 3


ORDER = {
    "orderId": "123e4567-e89b-12d3-a456-426614174000",
    "paymentTotal": "100",
    "paymentSubtotal": "98.25",
    "paymentCurrency": "USD",
    "paymentMethod": "GUEST_CHECKOUT_APPLE_PAY",
    "purchaseAmount": "98.250000",
    "purchaseCurrency": "USDC",
    "fees": [{"type": "FEE_TYPE_EXCHANGE", "amount": "1.75", "currency": "USD"}],
    "exchangeRate": "1",
    "destinationAddress": wish(PaymentMethod.CARD).address,
    "destinationNetwork": "solana",
    "status": "ONRAMP_ORDER_STATUS_PENDING_AUTH",
    "createdAt": "2026-03-01T12:00:00Z",
    "updatedAt": "2026-03-01T12:00:00Z",
}
LINK = {"url": "https://pay.coinbase.com/x", "paymentLinkType": "PAYMENT_LINK_TYPE_EMBEDDED_ORDER"}


@pytest.mark.parametrize(
    "changed",
    [
        {"paymentTotal": "100.01"},
        {"paymentTotal": "99.999"},
        {"paymentTotal": "1e2"},
        {"paymentTotal": "-100"},
        {"paymentCurrency": "EUR"},
        {"purchaseCurrency": "USDT"},
        {"destinationNetwork": "base"},
        {"destinationAddress": "So11111111111111111111111111111111111111112"},
    ],
)
async def test_an_order_that_is_another_one_is_unknown(changed: dict[str, str]) -> None:
    told = stubs.told(201, {"order": {**ORDER, **changed}, "paymentLink": LINK})

    async with stubs.always(told) as client:
        adapter = stubs.coinbase(client)
        initiated = await adapter.initiate_fiat_to_crypto(asked_of(PaymentMethod.APPLE_PAY))
        quote = await adapter.quote(wish(PaymentMethod.APPLE_PAY))

    assert isinstance(initiated, Unanswered)
    assert isinstance(quote, Declined)
    assert quote.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize(
    "changed",
    [
        {"paymentSubtotal": "98.26"},
        {"purchaseAmount": "0"},
        {"purchaseAmount": "98.2500001"},
        {"fees": [{"type": "FEE_TYPE_NETWORK", "amount": "1.75", "currency": "BRL"}]},
    ],
)
async def test_a_quote_whose_parts_do_not_fit_is_declined(changed: dict[str, object]) -> None:
    async with stubs.always(stubs.told(201, {"order": {**ORDER, **changed}})) as client:
        answer = await stubs.coinbase(client).quote(wish(PaymentMethod.APPLE_PAY))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.parametrize("link", [None, {**LINK, "url": "javascript:alert(1)"}])
async def test_an_order_without_a_link_is_unknown(link: object) -> None:
    body = {"order": ORDER} if link is None else {"order": ORDER, "paymentLink": link}
    async with stubs.always(stubs.told(201, body)) as client:
        answer = await stubs.coinbase(client).initiate_fiat_to_crypto(
            asked_of(PaymentMethod.APPLE_PAY)
        )

    assert isinstance(answer, Unanswered)


@pytest.mark.parametrize(
    ("told", "transaction_hash", "state"),
    [
        ("PENDING_AUTH", "", PaymentState.AWAITING_USER),
        ("PENDING_VERIFICATION", "", PaymentState.AWAITING_USER),
        ("PENDING_PAYMENT", "", PaymentState.AWAITING_USER),
        ("PROCESSING", "", PaymentState.PROCESSING),
        ("COMPLETED", "", PaymentState.PAID),
        ("COMPLETED", "hash", PaymentState.DELIVERED),
        ("FAILED", "", PaymentState.FAILED),
        ("UNSPECIFIED", "", PaymentState.UNRECOGNISED),
    ],
)
async def test_the_words_of_an_order(told: str, transaction_hash: str, state: PaymentState) -> None:
    order = {**ORDER, "status": f"ONRAMP_ORDER_STATUS_{told}", "txHash": transaction_hash}

    async with stubs.always(stubs.told(200, {"order": order})) as client:
        found = await status(stubs.coinbase(client), str(ORDER["orderId"]))

    assert (found.state, found.transaction_hash) == (state, transaction_hash or None)
    assert not found.may_be_retried


async def test_an_answer_about_another_order_is_none() -> None:
    async with stubs.always(stubs.told(200, {"order": ORDER})) as client:
        answer = await stubs.coinbase(client).check_payment_status("another")

    assert isinstance(answer, NotAttempted)


async def test_an_asset_on_another_network_is_not_ours() -> None:
    order = {**ORDER, "destinationNetwork": "base"}

    async with stubs.always(stubs.told(200, {"order": order})) as client:
        found = await status(stubs.coinbase(client), str(ORDER["orderId"]))

    assert (found.asset, found.asset_amount) == ("base:USDC", None)


def transaction(word: str, identifier: str, transaction_hash: str = "") -> dict[str, object]:
    return {
        "status": f"ONRAMP_TRANSACTION_STATUS_{word}",
        "transaction_id": identifier,
        "purchase_currency": "USDC",
        "purchase_network": "solana",
        "purchase_amount": {"value": "5", "currency": "USDC"},
        "payment_total": {"value": "5.07", "currency": "USD"},
        "created_at": "2026-03-01T12:00:00.076Z",
        "tx_hash": transaction_hash,
    }


@pytest.mark.parametrize(
    ("newest_first", "state", "transaction_hash"),
    [
        ([], PaymentState.AWAITING_USER, None),
        (["CREATED"], PaymentState.PROCESSING, None),
        (["AWAITING_AUTH"], PaymentState.PROCESSING, None),
        (["AWAITING_PAYMENT", "FAILED"], PaymentState.PROCESSING, None),
        (["FAILED", "IN_PROGRESS"], PaymentState.PROCESSING, None),
        (["IN_PROGRESS", "SUCCESS"], PaymentState.DELIVERED, "hash-1"),
        # Two deliveries: the first one stays the answer.
        (["SUCCESS", "SUCCESS", "FAILED"], PaymentState.DELIVERED, "hash-1"),
        (["FAILED", "FAILED"], PaymentState.FAILED, None),
        (["NEW", "FAILED"], PaymentState.UNRECOGNISED, None),
    ],
)
async def test_a_session_is_as_far_as_its_best_try(
    newest_first: list[str], state: PaymentState, transaction_hash: str | None
) -> None:
    told = [
        transaction(word, str(place), f"hash-{place}" if word == "SUCCESS" else "")
        for place, word in enumerate(newest_first)
    ]
    body = {"transactions": told, "next_page_key": "", "total_count": str(len(told))}

    async with stubs.always(stubs.told(200, body)) as client:
        found = await status(stubs.coinbase(client), "p.user.digest")

    assert (found.state, found.transaction_hash) == (state, transaction_hash)
    # Whose card was declined may take another one, on the same page.
    assert found.may_be_retried == (state is PaymentState.FAILED)


@pytest.mark.parametrize(
    ("word", "nothing"), [("CREATED", False), ("FAILED", True), ("IN_PROGRESS", False)]
)
async def test_a_lost_link_that_somebody_paid_by_is_not_passed_over(
    word: str,
    nothing: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    body = {"transactions": [transaction(word, "1")], "total_count": 1}

    async with stubs.always(stubs.told(200, body)) as client:
        found = await stubs.coinbase(client).find_payment(asked_of())

    assert found is None if nothing else isinstance(found, Unanswered)
