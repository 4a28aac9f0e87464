"""What the simulated Coinbase charges, what it sells, and to whom."""

from types import MappingProxyType
from typing import Final

import msgspec

from domain.shared.assets import ASSETS, Asset
from domain.shared.money import format_amount
from infrastructure.sandbox.market import MILLION, Market

FIAT_MICRO_USD: Final = MappingProxyType({"USD": 1_000_000, "EUR": 1_100_000, "GBP": 1_250_000})
EXCHANGE_FEE_MILLIONTHS: Final = 15_000
NETWORK_FEE_CENTS: Final = 25
PAYMENT_CENTS_MIN: Final = 200
GUEST_CENTS_MAX: Final = 1_000_000
PAYMENT_CENTS_MAX: Final = 5_000_000
BLOCKED_COUNTRIES: Final = frozenset({"CN", "RU", "KP", "IR", "CU", "SY"})
# Its own list of what it sells, with the networks on which it delivers.
LISTED: Final = MappingProxyType(
    {
        ("USDC", "solana"): ASSETS["USDC"],
        ("BTC", "bitcoin"): ASSETS["BTC"],
        ("ETH", "ethereum"): ASSETS["ETH"],
        ("SOL", "solana"): ASSETS["SOL"],
        ("SUI", "sui"): ASSETS["SUI"],
        ("PAXG", "ethereum"): ASSETS["PAXG"],
    }
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Cents, and base units of what is bought. `total` is the subtotal and both fees."""

    total: int
    subtotal: int
    exchange_fee: int
    network_fee: int
    currency: str
    purchase_amount: int
    asset: str
    network: str
    exchange_rate: str


def terms_of(market: Market, total: int, currency: str, asset: Asset, network: str) -> Terms:
    """All that `total` buys, its fees taken out of it; each rounded in Coinbase's favour."""
    exchange_fee = -(-total * EXCHANGE_FEE_MILLIONTHS // MILLION)
    subtotal = total - exchange_fee - NETWORK_FEE_CENTS
    price, fiat = market.micro_usd(asset.symbol), FIAT_MICRO_USD[currency]
    rate = 10**asset.decimals * fiat // price
    return Terms(
        total=total,
        subtotal=subtotal,
        exchange_fee=exchange_fee,
        network_fee=NETWORK_FEE_CENTS,
        currency=currency,
        purchase_amount=subtotal * fiat * 10**asset.decimals // (100 * price),
        asset=asset.symbol,
        network=network,
        exchange_rate=format_amount(rate, asset.decimals),
    )
