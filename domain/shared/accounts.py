"""The ledger's accounts by their codes."""

from domain.shared.assets import SOL, USDC, Asset
from domain.shared.ids import WalletId
from domain.shared.unit import Account

FEE_PAYER = Account(code="fee_payer:SOL", asset=SOL.symbol)
CHAIN_SOL = Account(code="chain:SOLANA:SOL", asset=SOL.symbol)


def available(wallet_id: WalletId) -> Account:
    """The user's USDC; never below zero."""
    return Account(f"available:{wallet_id}", USDC.symbol, wallet_id, floor=0)


def fees(asset: Asset) -> Account:
    """What users paid the platform, network costs among it."""
    return Account(f"fees:{asset.symbol}", asset.symbol)


def chain(asset: Asset) -> Account:
    """The world beyond the platform on the asset's chain; its balance may be negative."""
    return Account(f"chain:{asset.chain}:{asset.symbol}", asset.symbol)
