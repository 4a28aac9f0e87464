"""Kamino Earn: vaults whose shares are tokens of the sandbox's Solana runtime."""
