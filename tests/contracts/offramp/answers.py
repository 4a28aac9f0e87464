"""Both adapters before answers of our own making."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from domain.provider.ports.answers import (
    ProviderFee,
)
from domain.provider.ports.offramp import (
    OffRampProvider,
    OffRampQuote,
    WithdrawalOrder,
)
from infrastructure.http import HttpClient
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from tests.contracts.offramp.wishes import (
    CUSTOMER,
    USER_ADDRESS,
    wish,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Handler = Callable[[httpx.Request], httpx.Response]


def order_of(request: OffRampQuote) -> WithdrawalOrder:
    return WithdrawalOrder(
        key="order-1",
        quote=request,
        customer=CUSTOMER,
        bank_account="account-1",
        from_address=USER_ADDRESS,
    )


AN_ORDER = order_of(
    OffRampQuote(
        request=wish(),
        fiat_amount=99_50,
        fees=(ProviderFee(kind="PROVIDER", amount=500_000, asset="USDC"),),
        expires_at=NOW,
    )
)

DUE_QUOTE = {
    "token": "quote_1",
    "source": {"rail": "solana", "currency": "USDC", "amount": "100.00", "fee": "0.50"},
    "destination": {"rail": "ach", "currency": "USD", "amount": "99.50"},
    "fxRate": 1,
    "expiresAt": "2026-03-01T12:02:00Z",
}


def adapters(handler: Handler, *, quotes: bool = True) -> dict[str, OffRampProvider]:
    """Both, before `handler`. With `quotes`, Due's quote before a transfer always comes."""

    def with_quote(request: httpx.Request) -> httpx.Response:
        if quotes and request.url.path == "/v1/transfers/quote":
            return httpx.Response(200, json=DUE_QUOTE)
        return handler(request)

    bridge = BridgeSettings(base_url="http://bridge.test/v0", api_key="sk-test-1")
    due = DueSettings(base_url="http://due.test", api_key="dk_1", quote_account="acct_1")
    return {
        "bridge": BridgeOffRamp(
            HttpClient(transport=httpx.MockTransport(handler)), bridge, now=lambda: NOW
        ),
        "due": DueOffRamp(HttpClient(transport=httpx.MockTransport(with_quote)), due),
    }


REFERENCES = {"bridge": "transfer_1", "due": "acct_1/tf_1"}
