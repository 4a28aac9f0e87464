"""LI.FI: swaps and bridges between chains (docs.li.fi)."""
