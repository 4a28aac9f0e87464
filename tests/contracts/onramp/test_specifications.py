"""What adapters send and sandboxes answer, held against schemas of our own, and against the
providers' own documents where they are at hand (../shared/providers beside the checkout)."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml  # type: ignore[import-untyped]  # ships no types
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from domain.provider.ports.answers import Declined
from domain.provider.ports.onramp import PaymentMethod, PaymentState
from infrastructure.providers.coinbase import reading as coinbase_reading
from tests.contracts.onramp import schemas, stubs
from tests.contracts.onramp.schemas import Schema
from tests.contracts.onramp.subjects import Exchange, SandboxSubject, eventually
from tests.contracts.onramp.wishes import opened, ordered, status, wish
from tests.contracts.published import published

COINBASE_PATHS = "/v2/onramp/"


def check(schema: Mapping[str, object], value: object) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in errors_of(schema, value)]
    assert not errors, errors


def errors_of(schema: Mapping[str, object], value: object) -> list[Any]:
    """The library's own error objects."""
    return list(Draft202012Validator(schema).iter_errors(value))


async def journey(subject: SandboxSubject) -> None:
    """Everything that an adapter asks, up to a delivery, and one refusal."""
    asked = await ordered(subject.adapter, subject.method)
    assert await subject.adapter.find_payment(asked) is None
    found = await opened(subject.adapter, asked)
    await status(subject.adapter, found.reference)
    await subject.pay(found)
    await status(subject.adapter, found.reference)
    await subject.complete(found.reference)
    told = await status(subject.adapter, found.reference)
    assert told.state is PaymentState.DELIVERED
    refused = await subject.adapter.quote(wish(subject.method, fiat_amount=50))
    assert isinstance(refused, Declined)
    await eventually(lambda: len(subject.world.received) == 3)


def sent(exchange: Exchange) -> object:
    """The request's body, or its query."""
    if exchange.headers.get("content-type") == "application/json":
        return json.loads(exchange.content or b"null")
    return dict(parse_qsl((exchange.content or b"").decode() or exchange.url.partition("?")[2]))


def answered(exchange: Exchange) -> object:
    return json.loads(exchange.answer.body)


# ------------------------------------------------------------------ our own schemas

COINBASE_ENDS: Mapping[str, tuple[Schema | None, Schema]] = {
    "/v2/onramp/orders": (schemas.COINBASE_ORDER_REQUEST, schemas.COINBASE_ORDER_ANSWER),
    "/v2/onramp/sessions": (schemas.COINBASE_SESSION_REQUEST, schemas.COINBASE_SESSION_ANSWER),
    "/transactions": (None, schemas.COINBASE_TRANSACTIONS),
}


async def test_coinbase(coinbase: SandboxSubject) -> None:
    await journey(coinbase)

    assert len(coinbase.recorder.exchanges) == 7
    for exchange in coinbase.recorder.exchanges:
        path = exchange.url.partition("?")[0]
        ends = [schema for end, schema in COINBASE_ENDS.items() if path.endswith(end)]
        wanted, answer = ends[0] if ends else (None, schemas.COINBASE_ORDER_ANSWER)
        if wanted is not None:
            check(wanted, sent(exchange))
        check(
            answer if exchange.answer.status < 300 else schemas.COINBASE_ERROR, answered(exchange)
        )


async def test_stripe(stripe: SandboxSubject) -> None:
    await journey(stripe)

    for exchange in stripe.recorder.exchanges:
        path, _, query = exchange.url.partition("?")
        answer = schemas.STRIPE_SESSION
        if path.endswith("onramp_quotes"):
            check(schemas.STRIPE_QUOTE_REQUEST, sent(exchange))
            answer = schemas.STRIPE_QUOTES
        elif exchange.method == "POST":
            check(schemas.STRIPE_SESSION_REQUEST, sent(exchange))
        elif query:
            answer = schemas.STRIPE_LIST
        check(answer if exchange.answer.status < 300 else schemas.STRIPE_ERROR, answered(exchange))
    for message in stripe.world.received:
        check(schemas.STRIPE_EVENT, json.loads(message.body))


def test_the_schemas_are_schemas() -> None:
    found = [value for name, value in vars(schemas).items() if name.isupper()]

    assert len(found) > 10
    for schema in found:
        Draft202012Validator.check_schema(schema)


# ------------------------------------------------------------------ the providers' own documents


def document(name: str) -> Path:
    return published(f"onramp/{name}")


@functools.cache
def coinbase_document() -> dict[str, Any]:
    """The parts about on-ramps: read once, and cut out first, because it is a megabyte."""
    lines = document("coinbase/cdp-openapi.yaml").read_text().splitlines()
    kept, keep = [], False
    for line in lines:
        if line.startswith("  /"):
            keep = line.strip().startswith(COINBASE_PATHS)
        elif line and not line.startswith(" "):
            keep = line.startswith(("paths:", "components:"))
        kept += [line] if keep or line.startswith(("paths:", "components:")) else []
    found = yaml.load("\n".join(kept), Loader=yaml.CSafeLoader)
    assert isinstance(found, dict)
    return found


def coinbase_schema(schema: Mapping[str, object]) -> dict[str, object]:
    """With what it refers to."""
    return {**schema, "components": {"schemas": coinbase_document()["components"]["schemas"]}}


def named(name: str) -> dict[str, object]:
    return coinbase_schema({"$ref": f"#/components/schemas/{name}"})


def operation(path: str, method: str) -> dict[str, Any]:
    found = coinbase_document()["paths"][path][method]
    assert isinstance(found, dict)
    return found


def content(part: Mapping[str, Any]) -> dict[str, object]:
    return coinbase_schema(part["content"]["application/json"]["schema"])


def names_of(schema: Mapping[str, Any]) -> set[str]:
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference:
        schema = coinbase_document()["components"]["schemas"][reference]
    return set(schema["properties"])


async def test_coinbases_document(coinbase: SandboxSubject) -> None:
    document("coinbase/cdp-openapi.yaml")
    await journey(coinbase)

    exchanges = [one for one in coinbase.recorder.exchanges if COINBASE_PATHS in one.url]
    assert len(exchanges) >= 3
    for exchange in exchanges:
        path = COINBASE_PATHS + exchange.url.partition(COINBASE_PATHS)[2]
        template = path if exchange.method == "POST" else "/v2/onramp/orders/{orderId}"
        described = operation(template, exchange.method.lower())
        if exchange.method == "POST":
            wanted = content(described["requestBody"])
            body = sent(exchange)
            check(wanted, body)
            assert isinstance(body, dict)
            assert set(body) <= names_of(wanted)
        answer = described["responses"][str(exchange.answer.status)]
        check(content(answer), answered(exchange))


async def test_coinbases_messages(coinbase: SandboxSubject) -> None:
    document("coinbase/cdp-openapi.yaml")
    await journey(coinbase)

    by_order = coinbase.name == "coinbase-order"
    schema = "OnrampOrderPayload" if by_order else "OnrampTransactionPayload"
    for message in coinbase.world.received:
        body = json.loads(message.body)
        check(named(schema), body)
        assert set(body) <= names_of(coinbase_document()["components"]["schemas"][schema])


def test_every_status_of_coinbases_document_is_known() -> None:
    document("coinbase/cdp-openapi.yaml")
    found = coinbase_document()["components"]["schemas"]

    orders = set(found["OnrampOrderStatus"]["enum"])
    transactions = set(found["OnrampTransactionPayload"]["properties"]["status"]["enum"])

    assert orders == set(coinbase_reading._ORDER_STATES)
    # What is unspecified is not known to Coinbase itself.
    unspecified = {"ONRAMP_TRANSACTION_STATUS_UNSPECIFIED"}
    assert transactions - unspecified == set(coinbase_reading._TRANSACTION_STATES)


async def test_stripes_fixture_is_read() -> None:
    fixtures = json.loads(
        document("stripe/stripe-crypto-fixtures.private_preview.json").read_bytes()
    )
    session = fixtures["crypto.onramp_session"]

    async with stubs.always(stubs.told(200, session)) as client:
        told = await status(stubs.stripe(client), session["id"])

    assert (told.state, told.fiat_currency) == (PaymentState.AWAITING_USER, "USD")
    assert (told.asset, told.fiat_amount, told.transaction_hash) == (None, None, None)


async def test_the_sandbox_has_what_stripes_fixture_has(stripe: SandboxSubject) -> None:
    path = document("stripe/stripe-crypto-fixtures.private_preview.json")
    fixtures = json.loads(path.read_bytes())
    await journey(stripe)

    event = json.loads(stripe.world.received[-1].body)
    session, wanted = event["data"]["object"], fixtures["crypto.onramp_session"]
    details, wanted_details = session["transaction_details"], wanted["transaction_details"]
    assert set(event) == set(fixtures["event"])
    assert set(session) == set(wanted)
    assert set(details) == set(wanted_details)
    # A list of networks that grows: what is sold here is among them.
    assert set(details["wallet_addresses"]) <= set(wanted_details["wallet_addresses"])


async def test_every_method_of_a_session_is_coinbases(coinbase_session: SandboxSubject) -> None:
    document("coinbase/cdp-openapi.yaml")
    methods = coinbase_document()["components"]["schemas"]["OnrampQuotePaymentMethodTypeId"]["enum"]

    for method in (PaymentMethod.CARD, PaymentMethod.BANK, PaymentMethod.PAYPAL):
        await coinbase_session.adapter.quote(wish(method))
        body = sent(coinbase_session.recorder.exchanges[-1])
        assert isinstance(body, dict)
        assert body["paymentMethod"] in methods
