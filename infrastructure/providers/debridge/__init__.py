"""deBridge's Liquidity Network: orders between Solana and Ethereum (docs.debridge.com)."""
