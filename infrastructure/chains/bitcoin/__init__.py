"""Bitcoin through Esplora: addresses, PSBTs, broadcasts and what became of them."""
