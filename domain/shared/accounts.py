"""The ledger's accounts by their codes."""

from domain.shared.assets import SOL, USDC, Asset
from domain.shared.ids import WalletId
from domain.shared.unit import Account

FEE_PAYER = Account(code="fee_payer:SOL", asset=SOL.symbol)
_FEE_DUE = "fee_due:"
CHAIN_SOL = Account(code="chain:SOLANA:SOL", asset=SOL.symbol)


def available(wallet_id: WalletId) -> Account:
    """The user's USDC; never below zero."""
    return Account(f"available:{wallet_id}", USDC.symbol, wallet_id, floor=0)


def invested(wallet_id: WalletId, asset: Asset) -> Account:
    """What the user holds of an asset on its own chain; never below zero."""
    return Account(f"invested:{wallet_id}:{asset.symbol}", asset.symbol, wallet_id, floor=0)


def strategy(wallet_id: WalletId, position: str, asset: Asset = USDC) -> Account:
    """What the user put into a position, without what it earned; never below zero."""
    return Account(f"strategy:{wallet_id}:{position}", asset.symbol, wallet_id, floor=0)


def strategy_pnl(asset: Asset = USDC) -> Account:
    """What positions earned or lost when they were closed; a gain is negative here."""
    return Account(f"strategy_pnl:{asset.symbol}", asset.symbol)


def fees(asset: Asset) -> Account:
    """What users paid the platform, network costs among it."""
    return Account(f"fees:{asset.symbol}", asset.symbol)


def chain(asset: Asset) -> Account:
    """The world beyond the platform on the asset's chain; its balance may be negative."""
    return Account(f"chain:{asset.chain}:{asset.symbol}", asset.symbol)


def fee_due(wallet_id: WalletId) -> Account:
    """USDC that a user owes the platform and still holds; the next signed transaction pays it."""
    return Account(f"{_FEE_DUE}{wallet_id}", USDC.symbol, wallet_id, floor=0)


def is_due(code: str) -> bool:
    """Whether the code is that of an account of what a user owes."""
    return code.startswith(_FEE_DUE)


def suspense(wallet_id: WalletId, symbol: str) -> Account:
    """What is at the user's address and not theirs to spend here, until a person has decided."""
    return Account(f"suspense:{wallet_id}:{symbol}", symbol, wallet_id, floor=0)


def provider(name: str, symbol: str) -> Account:
    """What a provider holds in flight, of an asset or a currency; never below zero."""
    return Account(f"provider:{name}:{symbol}", symbol, floor=0)


def fiat(currency: str) -> Account:
    """The world of banks beyond the platform; its balance may be negative."""
    return Account(f"fiat:{currency}", currency)


def conversion(symbol: str) -> Account:
    """What was exchanged of one asset or currency for another; may be negative."""
    return Account(f"conversion:{symbol}", symbol)
