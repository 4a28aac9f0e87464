"""CoinGecko: prices of all our assets (docs.coingecko.com)."""
