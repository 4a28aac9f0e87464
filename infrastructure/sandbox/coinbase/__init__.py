"""Coinbase's on-ramp in the simulated world: v2 orders and sessions, v1 transactions, webhooks."""
