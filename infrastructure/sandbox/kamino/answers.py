"""How vaults look in Kamino's answers: every member that its description requires."""

import base64
from collections.abc import Sequence
from typing import Final

from solders.instruction import AccountMeta, Instruction

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM, USDC_DECIMALS, USDC_MINT
from infrastructure.sandbox.vaults.accrual import MILLION, PRICE_SCALE, in_decimals
from infrastructure.sandbox.vaults.treasury import SHARE_DECIMALS, SetAside
from infrastructure.sandbox.vaults.vault import Vault

PROGRAM: Final = "KvauGMspG5k6rtzrqqn7WNn3oZdyKqLKwK2XWQ8FLjd"
_PRICE_DIGITS: Final = 18
_RATE_DIGITS: Final = 6
_OPENED_AT: Final = 1_735_689_600
_SOL_USD: Final = "150"
_YEAR_SECONDS: Final = 365 * 86_400

Json = dict[str, object]


def vault_json(vault: Vault) -> Json:
    nobody, authority = "11111111111111111111111111111111", str(vault.treasury.address)
    state = {
        "vaultAdminAuthority": authority,
        "baseVaultAuthority": authority,
        "baseVaultAuthorityBump": 255,
        "tokenMint": str(USDC_MINT),
        "tokenMintDecimals": USDC_DECIMALS,
        "tokenVault": str(vault.treasury.usdc),
        "tokenProgram": str(TOKEN_PROGRAM),
        "sharesMint": str(vault.mint),
        "sharesMintDecimals": SHARE_DECIMALS,
        "tokenAvailable": str(vault.liquidity()),
        "sharesIssued": str(vault.total_shares()),
        "availableCrankFunds": "0",
        "performanceFeeBps": 0,
        "managementFeeBps": 0,
        "lastFeeChargeTimestamp": _OPENED_AT,
        "prevAum": "0",
        "pendingFees": "0",
        "vaultAllocationStrategy": [],
        "minDepositAmount": str(vault.terms.minimum),
        "minWithdrawAmount": "1",
        "minInvestAmount": "1",
        "minInvestDelaySlots": 0,
        "crankFundFeePerReserve": "0",
        "pendingAdmin": nobody,
        "cumulativeEarnedInterest": "0",
        "cumulativeMgmtFees": "0",
        "cumulativePerfFees": "0",
        "name": vault.terms.name,
        "vaultLookupTable": nobody,
        "vaultFarm": nobody,
        "creationTimestamp": _OPENED_AT,
        "allocationAdmin": authority,
        "withdrawalPenaltyLamports": "0",
        "withdrawalPenaltyBps": str(vault.terms.exit_fee_bps),
    }
    return {"address": str(vault.address), "state": state, "programId": PROGRAM}


def metrics_json(vault: Vault) -> Json:
    price = in_decimals(vault.book.price(), _PRICE_DIGITS)
    total, shares, idle = vault.total_value(), vault.total_shares(), vault.liquidity()
    rate = in_decimals(vault.book.rate_millionths, _RATE_DIGITS)
    periods = ("24h", "7d", "30d", "90d", "180d", "365d")
    earned = in_decimals(total - shares, USDC_DECIMALS)
    second = in_decimals(
        total * vault.book.rate_millionths // (MILLION * _YEAR_SECONDS), USDC_DECIMALS
    )
    none = ("cumulativePerformanceFees", "cumulativeManagementFees")
    return {
        **{f"apy{period}": rate for period in periods},
        "apy": rate,
        "apyTheoretical": rate,
        "apyActual": rate,
        "apyFarmRewards": "0",
        "apyIncentives": "0",
        "apyReservesIncentives": "0",
        "tokenPrice": "1",
        "solPrice": _SOL_USD,
        "tokensAvailable": in_decimals(idle, USDC_DECIMALS),
        "tokensAvailableUsd": in_decimals(idle, USDC_DECIMALS),
        "tokensInvested": in_decimals(max(0, total - idle), USDC_DECIMALS),
        "tokensInvestedUsd": in_decimals(max(0, total - idle), USDC_DECIMALS),
        "sharePrice": price,
        "tokensPerShare": price,
        "numberOfHolders": 1,
        "sharesIssued": in_decimals(shares, SHARE_DECIMALS),
        **dict.fromkeys(("cumulativeInterestEarned", "cumulativeInterestEarnedUsd"), earned),
        "cumulativeInterestEarnedSol": "0",
        **dict.fromkeys(("interestEarnedPerSecond", "interestEarnedPerSecondUsd"), second),
        "interestEarnedPerSecondSol": "0",
        **{f"{name}{unit}": "0" for name in none for unit in ("", "Usd", "Sol")},
    }


def move_json(vault: Vault, move: SetAside) -> Json:
    """The account that it went through stands for its signature, which nobody here keeps."""
    is_deposit = move.mint == str(vault.mint)
    tokens, shares = (move.paid, move.base_units) if is_deposit else (move.base_units, move.paid)
    return {
        "createdOn": move.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "instruction": "deposit" if is_deposit else "withdraw",
        "tokenMint": str(USDC_MINT),
        "tokenAmount": in_decimals(tokens, USDC_DECIMALS),
        "tokenPrice": "1",
        "solPrice": _SOL_USD,
        "sharePrice": in_decimals(tokens * PRICE_SCALE // max(1, shares), _PRICE_DIGITS),
        "numberOfShares": in_decimals(shares, SHARE_DECIMALS),
        "usdValue": in_decimals(tokens, USDC_DECIMALS),
        "transaction": move.account,
        "kvault": str(vault.address),
        "latestPosition": False,
    }


def instructions_json(steps: Sequence[Instruction]) -> Json:
    """In the words of Kamino's own library: an account has one of four roles."""
    return {"instructions": [_instruction(step) for step in steps], "lutsByAddress": {}}


def _instruction(step: Instruction) -> Json:
    return {
        "programAddress": str(step.program_id),
        "accounts": [_account(account) for account in step.accounts],
        "data": base64.b64encode(step.data).decode(),
    }


def _account(account: AccountMeta) -> Json:
    address = str(account.pubkey)
    role = "WRITABLE" if account.is_writable else "READONLY"
    if not account.is_signer:
        return {"address": address, "role": role}
    return {"address": address, "role": f"{role}_SIGNER", "signer": {"address": address}}
