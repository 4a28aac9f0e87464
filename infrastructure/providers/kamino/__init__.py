"""Kamino Earn: vaults that lend USDC on Solana (api.kamino.finance)."""
