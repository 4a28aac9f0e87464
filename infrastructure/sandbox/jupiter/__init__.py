"""Jupiter: swaps that execute in the sandbox's Solana runtime, and prices."""
