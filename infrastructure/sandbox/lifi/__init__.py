"""LI.FI: swaps and bridges between the sandbox's chains."""
