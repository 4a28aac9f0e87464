"""Stripe's quotes: fees on top of the amount, and what it sells where."""

from urllib.parse import parse_qsl

import pytest

from domain.provider.ports.answers import Declined
from domain.provider.ports.onramp import OnRampQuote, PaymentMethod
from domain.shared.assets import BTC, ETH, PAXG, SUI, USDC, Asset
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import (
    SandboxSubject,
)
from tests.contracts.onramp.wishes import opened, order, quoted, status, wish


@pytest.mark.parametrize("fiat_amount", [10_00, 33_33, 100_00, 999_99, 5_000_00, 12_345_67])
async def test_fees_are_counted_into_what_is_paid(stripe: SandboxSubject, fiat_amount: int) -> None:
    quote = await quoted(stripe.adapter, wish(stripe.method, fiat_amount=fiat_amount))

    fees = sum(fee.amount for fee in quote.fees)
    assert quote.request.fiat_amount in {fiat_amount, fiat_amount - 1}
    assert quote.asset_amount == (quote.request.fiat_amount - fees) * 10_000


async def test_a_total_that_no_amount_comes_to_is_a_cent_less(stripe: SandboxSubject) -> None:
    """Rounding up two and a half per cent leaves out one total in forty."""
    quotes = [
        await quoted(stripe.adapter, wish(stripe.method, fiat_amount=amount))
        for amount in range(50_00, 50_42)
    ]

    found = [quote.request.fiat_amount for quote in quotes]
    assert any(total != asked for total, asked in zip(found, range(50_00, 50_42), strict=True))
    assert all(
        0 <= asked - total <= 1 for total, asked in zip(found, range(50_00, 50_42), strict=True)
    )


async def test_what_was_quoted_is_what_is_opened(stripe: SandboxSubject) -> None:
    for cents in range(50_00, 50_42):
        quote = await quoted(stripe.adapter, wish(stripe.method, fiat_amount=cents))
        found = await opened(stripe.adapter, order(quote, key=f"attempt-{cents}"))
        told = await status(stripe.adapter, found.reference)
        assert told.fiat_amount == quote.request.fiat_amount
        assert told.asset_amount == quote.asset_amount


async def test_fees_above_the_amount_are_declined() -> None:
    def script(_method: str, url: str) -> stubs.Answer:
        asked = dict(parse_qsl(url.partition("?")[2]))
        quote = {
            "destination_amount": "1.000000",
            "destination_currency": "usdc",
            "destination_network": "solana",
            "fees": {"network_fee_monetary": "100.00", "transaction_fee_monetary": "0.00"},
            "source_total_amount": f"{100 + float(asked['source_amount']):.2f}",
        }
        body = {
            "source_amount": asked["source_amount"],
            "source_currency": "usd",
            "destination_network_quotes": {"solana": [quote]},
        }
        return stubs.told(200, body)

    async with stubs.StubClient(script) as client:
        answer = await stubs.stripe(client).quote(wish(PaymentMethod.CARD))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_LIMIT"


QUOTE = {
    "destination_amount": "98.000000",
    "destination_currency": "usdc",
    "destination_network": "solana",
    "fees": {"network_fee_monetary": "0.00", "transaction_fee_monetary": "0.00"},
    "source_total_amount": "100.00",
}
QUOTES = {"source_amount": "100.00", "source_currency": "usd"}


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ({"source_amount": "99.00"}, {}),
        ({"source_currency": "eur"}, {}),
        ({}, {"destination_currency": "usdt"}),
        ({}, {"destination_network": "ethereum"}),
        ({}, {"source_total_amount": "101.00"}),
        ({}, {"destination_amount": "0.00"}),
        ({}, {"destination_amount": "98.0000001"}),
        ({}, {"destination_amount": "ninety"}),
        ({}, {"fees": {}}),
    ],
)
async def test_a_quote_that_is_another_one_is_declined(
    outer: dict[str, str], inner: dict[str, object]
) -> None:
    body = {**QUOTES, **outer, "destination_network_quotes": {"solana": [{**QUOTE, **inner}]}}

    async with stubs.always(stubs.told(200, body)) as client:
        answer = await stubs.stripe(client).quote(wish(PaymentMethod.CARD))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_fees_are_read_under_both_of_their_names() -> None:
    fees = {"network_fee_amount": "0.00", "transaction_fee_amount": "0.00"}
    body = {**QUOTES, "destination_network_quotes": {"solana": [{**QUOTE, "fees": fees}]}}

    async with stubs.always(stubs.told(200, body)) as client:
        assert isinstance(await stubs.stripe(client).quote(wish(PaymentMethod.CARD)), OnRampQuote)


@pytest.mark.parametrize(
    ("asset", "method", "country", "served"),
    [
        (USDC, PaymentMethod.CARD, "US", True),
        (USDC, PaymentMethod.BANK, "US", True),
        (USDC, PaymentMethod.PAYPAL, "US", False),
        (USDC, PaymentMethod.CARD, "DE", False),
        (BTC, PaymentMethod.CARD, "DE", True),
        (ETH, PaymentMethod.BANK, "DE", False),
        (BTC, PaymentMethod.CARD, "GB", False),
        (BTC, PaymentMethod.CARD, "BR", False),
        (SUI, PaymentMethod.CARD, "US", False),
        (PAXG, PaymentMethod.CARD, "US", False),
    ],
)
async def test_what_stripe_serves(
    stripe: SandboxSubject,
    asset: Asset,
    method: PaymentMethod,
    country: str,
    served: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    answer = await stripe.adapter.quote(wish(method, asset=asset, country=country))

    assert isinstance(answer, OnRampQuote) if served else isinstance(answer, Declined)
    assert served == bool(stripe.recorder.exchanges)
