"""Answers that do not fit what was asked: money may be involved, so nobody goes on by them."""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.offramp import OffRampQuote, PayoutRail, WithdrawalOpened
from tests.contracts.offramp.answers import AN_ORDER, DUE_QUOTE, Handler, adapters
from tests.contracts.offramp.wishes import CUSTOMER, USER_ADDRESS, wish

DEPOSIT = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
BRIDGE_TRANSFER: dict[str, object] = {
    "id": "transfer_1",
    "client_reference_id": "order-1",
    "state": "awaiting_funds",
    "on_behalf_of": CUSTOMER,
    "amount": "100.0",
    "developer_fee": "0.0",
    "source": {"payment_rail": "solana", "currency": "usdc", "from_address": USER_ADDRESS},
    "destination": {
        "payment_rail": "ach",
        "currency": "usd",
        "external_account_id": "account-1",
    },
    "source_deposit_instructions": {
        "payment_rail": "solana",
        "currency": "usdc",
        "amount": "100.0",
        "from_address": USER_ADDRESS,
        "to_address": DEPOSIT,
    },
}
DUE_TRANSFER: dict[str, object] = {
    "id": "tf_1",
    "ownerId": CUSTOMER,
    "externalId": "order-1",
    "status": "awaiting_funds",
    "source": {"rail": "solana", "currency": "USDC", "amount": "100.00"},
    "destination": {"rail": "ach", "currency": "USD", "amount": "99.50", "id": "account-1"},
    "expiresAt": "2026-03-01T12:05:00Z",
}
FUNDING = {"kind": "disposable_account", "details": {"schema": "solana", "address": DEPOSIT}}


def changed(body: Mapping[str, object], path: str, value: object) -> dict[str, object]:
    """A copy with one member, named by its path, set to `value`."""
    found = copy.deepcopy(dict(body))
    *parents, last = path.split(".")
    inner: object = found
    for name in parents:
        assert isinstance(inner, dict)
        inner = inner[name]
    assert isinstance(inner, dict)
    inner[last] = value
    return found


def due_answers(transfer: Mapping[str, object], funding: object = FUNDING) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/funding_address"):
            return httpx.Response(200, json=funding)
        if request.method == "GET" and request.url.path == "/v1/transfers":
            return httpx.Response(200, json={"items": [transfer]})
        return httpx.Response(200, json=transfer)

    return handle


# ------------------------------------------------------------------ Bridge


async def test_a_transfer_of_bridge_that_fits_is_opened() -> None:
    adapter = adapters(lambda _: httpx.Response(201, json=BRIDGE_TRANSFER))["bridge"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, WithdrawalOpened)
    assert answer.deposit_address == DEPOSIT
    assert answer.deposit_memo is None


async def test_a_memo_of_bridge_is_handed_on() -> None:
    body = changed(BRIDGE_TRANSFER, "source_deposit_instructions.blockchain_memo", "memo-1")
    adapter = adapters(lambda _: httpx.Response(201, json=body))["bridge"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, WithdrawalOpened)
    assert answer.deposit_memo == "memo-1"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("client_reference_id", "order-2", "the key"),
        ("on_behalf_of", "customer_2", "the customer"),
        ("developer_fee", "1.0", "the fee"),
        ("destination.external_account_id", "account-2", "the bank account"),
        ("destination.payment_rail", "wire", "the rail"),
        ("destination.currency", "eur", "the currency"),
        ("source_deposit_instructions.payment_rail", "ethereum", "the asset"),
        ("source_deposit_instructions.currency", "usdt", "the asset"),
        ("source_deposit_instructions.amount", "100.000001", "the amount"),
        ("source_deposit_instructions.amount", "1e2", "the amount"),
        ("source_deposit_instructions.from_address", DEPOSIT, "the sender"),
        ("source_deposit_instructions.to_address", "0xdeadbeef", "the address"),
        ("source_deposit_instructions.to_address", None, "the address"),
        ("source_deposit_instructions", None, "where to send"),
    ],
)
async def test_a_transfer_of_bridge_that_differs_is_unanswered(
    path: str, value: object, named: str
) -> None:
    body = changed(BRIDGE_TRANSFER, path, value)
    adapter = adapters(lambda _: httpx.Response(201, json=body))["bridge"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, Unanswered)
    assert named in answer.reason


@pytest.mark.parametrize("rate", ["0", "0.93", "0.80", "-1", "1e0", "text"])
async def test_an_impossible_rate_of_bridge_is_declined(rate: str) -> None:
    told = {"midmarket_rate": "0.92", "buy_rate": rate, "sell_rate": "0.93"}
    adapter = adapters(lambda _: httpx.Response(200, json=told))["bridge"]

    answer = await adapter.quote(wish(currency="EUR", rail=PayoutRail.SEPA))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_the_spread_of_bridge_is_shown_as_its_fee() -> None:
    told = {"midmarket_rate": "0.92", "buy_rate": "0.915", "sell_rate": "0.925"}
    adapter = adapters(lambda _: httpx.Response(200, json=told))["bridge"]

    quote = await adapter.quote(wish(currency="EUR", rail=PayoutRail.SEPA))

    assert isinstance(quote, OffRampQuote)
    assert quote.fiat_amount == 91_50
    assert [(fee.amount, fee.asset) for fee in quote.fees] == [(50, "EUR")]


async def test_a_status_about_another_transfer_is_not_believed() -> None:
    bridge = adapters(lambda _: httpx.Response(200, json=BRIDGE_TRANSFER))["bridge"]
    due = adapters(lambda _: httpx.Response(200, json=DUE_TRANSFER))["due"]

    assert isinstance(await bridge.check_withdrawal_status("transfer_2"), NotAttempted)
    assert isinstance(await due.check_withdrawal_status(f"{CUSTOMER}/tf_2"), NotAttempted)


async def test_an_unreadable_amount_in_a_status_is_no_status() -> None:
    bridge_body = changed(BRIDGE_TRANSFER, "receipt", {"final_amount": "many"})
    due_body = changed(DUE_TRANSFER, "destination.amount", "many")
    bridge = adapters(lambda _: httpx.Response(200, json=bridge_body))["bridge"]
    due = adapters(lambda _: httpx.Response(200, json=due_body))["due"]

    assert isinstance(await bridge.check_withdrawal_status("transfer_1"), NotAttempted)
    assert isinstance(await due.check_withdrawal_status(f"{CUSTOMER}/tf_1"), NotAttempted)


async def test_identifiers_stay_in_their_place_in_the_path() -> None:
    paths: list[bytes] = []

    def keep(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(404, json={})

    both = adapters(keep)
    await both["bridge"].check_withdrawal_status("../customers?x=1")
    await both["due"].check_withdrawal_status("acct_1/../recipients")

    assert paths == [b"/v0/transfers/..%2Fcustomers%3Fx%3D1", b"/v1/transfers/..%2Frecipients"]


# ------------------------------------------------------------------ Due


@pytest.mark.parametrize("address", [DEPOSIT, list(range(32))])
async def test_a_transfer_of_due_that_fits_is_opened(address: object) -> None:
    """The address comes as text or as the numbers of its bytes."""
    funding = changed(FUNDING, "details.address", address)
    adapter = adapters(due_answers(DUE_TRANSFER, funding))["due"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, WithdrawalOpened)
    assert answer.reference == f"{CUSTOMER}/tf_1"
    assert answer.expires_at is not None


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("externalId", "order-2", "the key"),
        ("ownerId", "customer_2", "the account"),
        ("source.rail", "ethereum", "the asset"),
        ("source.currency", "USDT", "the asset"),
        ("source.amount", "100.01", "the amount"),
        ("source.applicationFee", "1.00", "the fee"),
        ("destination.id", "account-2", "the recipient"),
        ("destination.rail", "wire", "the rail"),
        ("destination.currency", "EUR", "the currency"),
        ("destination.amount", "99.49", "the payout"),
        ("destination.amount", "many", "the payout"),
    ],
)
async def test_a_transfer_of_due_that_differs_is_unanswered(
    path: str, value: object, named: str
) -> None:
    body = changed(DUE_TRANSFER, path, value)
    adapter = adapters(due_answers(body))["due"]

    answer = await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert isinstance(answer, Unanswered)
    assert named in answer.reason


@pytest.mark.parametrize(
    "funding",
    [
        {"kind": "disposable_account", "details": {"schema": "evm", "address": DEPOSIT}},
        {"kind": "disposable_account", "details": {"schema": "solana", "address": [1, 2]}},
        {"kind": "disposable_account", "details": {"schema": "solana", "address": [999] * 32}},
        {"kind": "disposable_account", "details": {"schema": "solana", "address": "0xdeadbeef"}},
        {"kind": "external_link", "url": "http://due.test"},
    ],
)
async def test_an_address_of_due_that_is_none_is_unanswered(funding: object) -> None:
    adapter = adapters(due_answers(DUE_TRANSFER, funding))["due"]

    assert isinstance(await adapter.initiate_crypto_to_fiat(AN_ORDER), Unanswered)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source.amount", "99.00"),
        ("source.currency", "USDT"),
        ("destination.currency", "EUR"),
        ("destination.rail", "sepa"),
        ("destination.amount", "100.01"),
        ("destination.amount", "0"),
        ("destination.amount", "many"),
    ],
)
async def test_a_quote_of_due_that_differs_is_declined(path: str, value: object) -> None:
    body = changed(DUE_QUOTE, path, value)
    asked: list[bytes] = []

    def answer_quote(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(200, json=body)

    adapter = adapters(answer_quote, quotes=False)["due"]
    answer = await adapter.quote(wish())

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"
    assert json.loads(asked[0])["source"]["amount"] == "100.00"


async def test_a_transfer_of_due_without_our_key_is_not_taken_for_granted() -> None:
    """Where Due does not tell the key back, one that fits may be ours: a person has to look."""
    body = changed(DUE_TRANSFER, "externalId", None)
    adapter = adapters(due_answers(body))["due"]

    assert isinstance(await adapter.find_withdrawal(AN_ORDER), Unanswered)
    other = replace(AN_ORDER, bank_account="account-2")
    assert await adapter.find_withdrawal(other) is None


@pytest.mark.parametrize("name", ["bridge", "due"])
async def test_pages_without_end_are_given_up(name: str) -> None:
    calls: list[str] = []

    def forever(request: httpx.Request) -> httpx.Response:
        calls.append(str(request.url))
        others = [{**BRIDGE_TRANSFER, "client_reference_id": "other"}] * 100
        items = [{**DUE_TRANSFER, "externalId": "other"}]
        return httpx.Response(200, json={"data": others, "items": items, "next": "more"})

    answer = await adapters(forever)[name].find_withdrawal(AN_ORDER)

    assert isinstance(answer, NotAttempted)
    assert len(calls) <= 20
