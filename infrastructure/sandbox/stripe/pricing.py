"""What the simulated Stripe charges, and what it sells."""

import re
from types import MappingProxyType
from typing import Final

import msgspec

from domain.shared.assets import ASSETS, Asset
from infrastructure.sandbox.market import MILLION, Market

FIAT_DECIMALS: Final = 2
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
_ADDRESSES: Final = MappingProxyType(
    {
        "solana": re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}"),
        "bitcoin": re.compile(
            r"(?:bc1|tb1|bcrt1)[02-9ac-hj-np-z]{11,87}|[123mn][1-9A-HJ-NP-Za-km-z]{25,39}"
        ),
        "ethereum": re.compile(r"0x[0-9a-fA-F]{40}"),
    }
)
_FIAT: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)


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


def cents_of(text: str) -> int | None:
    match = _FIAT.fullmatch(text)
    return None if match is None else int(match.group(1) + (match.group(2) or "").ljust(2, "0"))


def fits_network(address: str, network: str) -> bool:
    return _ADDRESSES[network].fullmatch(address) is not None


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
