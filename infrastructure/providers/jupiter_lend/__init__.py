"""Jupiter Lend Earn: USDC lent on Solana (dev.jup.ag)."""
