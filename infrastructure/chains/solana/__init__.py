"""The adapter for Solana: standard JSON-RPC outside, base units and typed outcomes inside."""
