"""A simulated Bitcoin network behind Esplora's HTTP API."""
