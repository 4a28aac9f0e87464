"""The platform's decisions: pure Python, no input or output, no clock and no randomness."""
