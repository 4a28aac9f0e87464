"""deBridge: orders between the sandbox's Solana and Ethereum."""
