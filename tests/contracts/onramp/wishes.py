"""What the tests ask for, and what they take for granted of an answer."""

from dataclasses import replace

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.onramp import (
    OnRampProvider,
    OnRampQuote,
    OnRampQuoteRequest,
    PaymentMethod,
    PaymentOpened,
    PaymentOrder,
    PaymentStatus,
)
from domain.shared.assets import USDC, Asset
from tests.contracts.onramp.subjects import SOLANA_ADDRESS

SETBACKS = (Declined, NotAttempted, Unanswered)


def wish(
    method: PaymentMethod,
    *,
    fiat_amount: int = 100_00,
    asset: Asset = USDC,
    country: str = "US",
    address: str = SOLANA_ADDRESS,
) -> OnRampQuoteRequest:
    return OnRampQuoteRequest(
        fiat_amount=fiat_amount,
        fiat_currency="USD",
        asset=asset,
        payment_method=method,
        country=country,
        address=address,
    )


def order(quote: OnRampQuote, *, key: str = "attempt-1", developer_fee: int = 0) -> PaymentOrder:
    return PaymentOrder(
        key=key,
        quote=quote,
        user_reference="7f0c9f0e-user",
        return_url="https://wallet.test/done?transaction=1",
        developer_fee=developer_fee,
    )


async def quoted(adapter: OnRampProvider, request: OnRampQuoteRequest) -> OnRampQuote:
    answer = await adapter.quote(request)
    assert isinstance(answer, OnRampQuote), answer
    return answer


async def ordered(
    adapter: OnRampProvider, method: PaymentMethod, *, key: str = "attempt-1"
) -> PaymentOrder:
    """A fresh quote, made into an order."""
    return order(await quoted(adapter, wish(method)), key=key)


async def opened(adapter: OnRampProvider, asked: PaymentOrder) -> PaymentOpened:
    answer = await adapter.initiate_fiat_to_crypto(asked)
    assert isinstance(answer, PaymentOpened), answer
    return answer


async def status(adapter: OnRampProvider, reference: str) -> PaymentStatus:
    answer = await adapter.check_payment_status(reference)
    assert isinstance(answer, PaymentStatus), answer
    return answer


def with_fee(asked: PaymentOrder, cents: int) -> PaymentOrder:
    return replace(asked, developer_fee=cents)
