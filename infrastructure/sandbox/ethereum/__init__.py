"""A simulated Ethereum network behind its JSON-RPC."""
