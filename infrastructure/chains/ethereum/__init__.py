"""Ethereum through JSON-RPC: typed transactions, ERC-20 tokens, receipts and finality."""
