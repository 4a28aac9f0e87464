"""Jupiter: swaps on Solana and prices of what trades there (dev.jup.ag)."""
