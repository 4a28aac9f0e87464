"""What Stripe's on-ramp sells, where, and how it may be paid, as its public pages list it.

Stripe's quotes know neither country nor payment method, and its page would refuse the user only
after they had begun: so it is said here, before.
"""

from types import MappingProxyType
from typing import Final

from domain.provider.ports.onramp import OnRampQuoteRequest, PaymentMethod
from domain.shared.assets import Chain

CURRENCIES: Final = frozenset({"USD", "EUR"})
# Symbols are Stripe's currencies in capitals, chains its networks.
NETWORKS: Final = MappingProxyType(
    {Chain.SOLANA: "solana", Chain.BITCOIN: "bitcoin", Chain.ETHEREUM: "ethereum"}
)
_SOLD: Final = frozenset(
    {
        ("USDC", Chain.SOLANA),
        ("BTC", Chain.BITCOIN),
        ("ETH", Chain.ETHEREUM),
        ("SOL", Chain.SOLANA),
    }
)
_EUROPEAN_UNION: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a list of 27 would fill a page
)
_NOT_IN_EUROPE: Final = frozenset({("USDC", Chain.SOLANA)})
_METHODS: Final = frozenset({PaymentMethod.CARD, PaymentMethod.APPLE_PAY, PaymentMethod.GOOGLE_PAY})
_METHODS_US: Final = _METHODS | {PaymentMethod.BANK}


def obstacle(request: OnRampQuoteRequest) -> str | None:
    """Why Stripe cannot serve this; None where it can."""
    pair = (request.asset.symbol, request.asset.chain)
    european = request.country in _EUROPEAN_UNION
    if request.country != "US" and not european:
        return f"not offered in {request.country}"
    if request.fiat_currency not in CURRENCIES:
        return f"does not take {request.fiat_currency}"
    if pair not in _SOLD or (european and pair in _NOT_IN_EUROPE):
        return f"does not sell {request.asset.symbol} in {request.country}"
    if request.payment_method not in (_METHODS if european else _METHODS_US):
        return f"no {request.payment_method} in {request.country}"
    return None
