"""A Solana node for development: the real runtime behind the standard JSON-RPC."""
