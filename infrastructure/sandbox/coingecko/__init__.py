"""CoinGecko: the simulated market's prices."""
