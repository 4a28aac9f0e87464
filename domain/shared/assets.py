"""The assets and chains of the platform (decisions, section 4)."""

from dataclasses import dataclass
from enum import StrEnum


class Chain(StrEnum):
    """A chain on which users keep wallets."""

    SOLANA = "SOLANA"
    BITCOIN = "BITCOIN"
    ETHEREUM = "ETHEREUM"
    SUI = "SUI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Something that can be held.

    `decimals` is the asset's precision on its own chain; `minimum_base_units` the least amount
    that a movement may carry.
    """

    symbol: str
    chain: Chain
    decimals: int
    minimum_base_units: int
    contract: str | None = None


USDC = Asset(
    symbol="USDC",
    chain=Chain.SOLANA,
    decimals=6,
    minimum_base_units=1,
    contract="EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
)
BTC = Asset(symbol="BTC", chain=Chain.BITCOIN, decimals=8, minimum_base_units=10_000)
ETH = Asset(symbol="ETH", chain=Chain.ETHEREUM, decimals=18, minimum_base_units=10**15)
SOL = Asset(symbol="SOL", chain=Chain.SOLANA, decimals=9, minimum_base_units=10**7)
SUI = Asset(symbol="SUI", chain=Chain.SUI, decimals=9, minimum_base_units=10**9)
PAXG = Asset(
    symbol="PAXG",
    chain=Chain.ETHEREUM,
    decimals=18,
    minimum_base_units=10**15,
    contract="0x45804880De22913dAFE09f4980848ECE6EcbAf78",
)
XAUT = Asset(
    symbol="XAUT",
    chain=Chain.ETHEREUM,
    decimals=6,
    minimum_base_units=1_000,
    contract="0x68749665FF8D2d112Fa859AA293F07A622782F38",
)

NATIVE = {Chain.SOLANA: SOL, Chain.BITCOIN: BTC, Chain.ETHEREUM: ETH, Chain.SUI: SUI}
"""What each chain takes its fees in."""

ASSETS = {asset.symbol: asset for asset in (USDC, BTC, ETH, SOL, SUI, PAXG, XAUT)}

FIAT_DECIMALS = 2
USD = "USD"
CURRENCIES = frozenset({USD, "EUR", "GBP", "BRL"})
"""Fiat that providers take and pay out; it stands in clearing accounts alone."""


def decimals_of(symbol: str) -> int:
    """The precision of an asset or a currency. Raises `KeyError` for anything else."""
    return FIAT_DECIMALS if symbol in CURRENCIES else ASSETS[symbol].decimals
