"""How the providers and chains are reached: URLs and keys in one file, and the adapters of them."""
