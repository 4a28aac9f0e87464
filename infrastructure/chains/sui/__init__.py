"""Sui through its GraphQL RPC: coin objects, programmable transactions, checkpoints."""
