"""Coinbase's on-ramp: hosted sessions, and guest orders by Apple Pay and Google Pay."""
