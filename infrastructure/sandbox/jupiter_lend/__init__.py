"""Jupiter Lend Earn: lending tokens of the sandbox's Solana runtime."""
