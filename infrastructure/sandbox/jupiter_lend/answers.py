"""How lending tokens and positions look in Jupiter Lend's answers."""

from typing import Final

from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import USDC_DECIMALS, USDC_MINT
from infrastructure.sandbox.token_program import WRAPPED_SOL
from infrastructure.sandbox.vaults.accrual import MILLION
from infrastructure.sandbox.vaults.treasury import SHARE_DECIMALS
from infrastructure.sandbox.vaults.vault import Vault

_MILLIONTHS_PER_BPS: Final = 100
_SOL_DECIMALS: Final = 9
_SOL_SUPPLIED: Final = 1_500_000 * 10**_SOL_DECIMALS

Json = dict[str, object]


def token_json(vault: Vault) -> Json:
    one = 10**SHARE_DECIMALS
    rate = str(vault.book.rate_millionths // _MILLIONTHS_PER_BPS)
    return {
        "id": 1,
        "address": str(vault.mint),
        "name": vault.terms.name,
        "symbol": "jlUSDC",
        "decimals": SHARE_DECIMALS,
        "assetAddress": str(USDC_MINT),
        "asset": _asset(str(USDC_MINT), "USD Coin", "USDC", USDC_DECIMALS),
        "totalAssets": str(vault.total_value()),
        "totalSupply": str(vault.total_shares()),
        "convertToShares": str(vault.book.shares_for(one)),
        "convertToAssets": str(vault.book.gross(one)),
        "rewardsRate": "0",
        "supplyRate": rate,
        "totalRate": rate,
        "rebalanceDifference": "0",
        "liquiditySupplyData": _supply(vault.total_value(), vault.liquidity()),
    }


def native_json() -> Json:
    """A token that nothing is to be had of here."""
    supplied = str(_SOL_SUPPLIED)
    return {
        "id": 2,
        "address": "2uQsyo1fXXQkDtcpXnLofWy88PxcvnfH2L8FPSE62FVU",
        "name": "jupiter lend WSOL",
        "symbol": "jlWSOL",
        "decimals": _SOL_DECIMALS,
        "assetAddress": str(WRAPPED_SOL),
        "asset": _asset(str(WRAPPED_SOL), "Wrapped SOL", "WSOL", _SOL_DECIMALS),
        "totalAssets": supplied,
        "totalSupply": supplied,
        "convertToShares": str(10**_SOL_DECIMALS),
        "convertToAssets": str(10**_SOL_DECIMALS),
        "rewardsRate": "0",
        "supplyRate": "400",
        "totalRate": "400",
        "rebalanceDifference": "0",
        "liquiditySupplyData": _supply(_SOL_SUPPLIED, _SOL_SUPPLIED // 2),
    }


def position_json(vault: Vault, owner: Pubkey, *, value_millionths: int) -> Json:
    """Of whoever asks, with nothing in it too."""
    shares = vault.shares_of(owner)
    return {
        "token": token_json(vault),
        "ownerAddress": str(owner),
        "shares": str(shares),
        "underlyingAssets": str(vault.book.gross(shares) * value_millionths // MILLION),
        "underlyingBalance": str(vault.treasury.balance(owner, USDC_MINT)),
        "allowance": "0",
    }


def _asset(address: str, name: str, symbol: str, decimals: int) -> Json:
    return {
        "address": address,
        "chain_id": "solana",
        "name": name,
        "symbol": symbol,
        "decimals": decimals,
        "logo_url": f"https://sandbox.test/{symbol}.png",
        "price": "1",
        "coingecko_id": symbol.lower(),
    }


def _supply(total: int, withdrawable: int) -> Json:
    return {
        "modeWithInterest": True,
        "supply": str(total),
        "withdrawalLimit": str(total - withdrawable),
        "lastUpdateTimestamp": "1735689600",
        "expandPercent": "3500",
        "expandDuration": "21600",
        "baseWithdrawalLimit": "7500000000000",
        "withdrawableUntilLimit": str(withdrawable),
        "withdrawable": str(withdrawable),
    }
