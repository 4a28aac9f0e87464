"""What the simulated Stripe charges, and what it sells."""

from types import MappingProxyType
from typing import Final

import msgspec

from domain.shared.assets import ASSETS, Asset
from infrastructure.sandbox.market import MILLION, Market

FIAT_MICRO_USD: Final = MappingProxyType({"usd": 1_000_000, "eur": 1_100_000})
TRANSACTION_FEE_MILLIONTHS: Final = 25_000
NETWORK_FEE_CENTS: Final = 30
SOURCE_CENTS_MIN: Final = 100
SOURCE_CENTS_MAX: Final = 3_000_000
# Its own list of what it sells, with the networks on which it delivers.
LISTED: Final = MappingProxyType(
    {
        ("usdc", "solana"): ASSETS["USDC"],
        ("sol", "solana"): ASSETS["SOL"],
        ("btc", "bitcoin"): ASSETS["BTC"],
        ("eth", "ethereum"): ASSETS["ETH"],
    }
)
NETWORKS: Final = ("bitcoin", "ethereum", "solana")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Cents, and base units of what is bought. The user pays `source` and both fees."""

    source: int
    transaction_fee: int
    network_fee: int
    source_currency: str
    destination_amount: int
    destination_currency: str
    destination_network: str

    @property
    def total(self) -> int:
        return self.source + self.transaction_fee + self.network_fee


def terms_of(market: Market, source: int, currency: str, pair: tuple[str, str]) -> Terms:
    asset: Asset = LISTED[pair]
    value = source * FIAT_MICRO_USD[currency] * 10**asset.decimals
    return Terms(
        source=source,
        transaction_fee=-(-source * TRANSACTION_FEE_MILLIONTHS // MILLION),
        network_fee=NETWORK_FEE_CENTS,
        source_currency=currency,
        destination_amount=value // (100 * market.micro_usd(asset.symbol)),
        destination_currency=pair[0],
        destination_network=pair[1],
    )
