"""Stripe's crypto on-ramp in the simulated world: quotes, sessions, webhooks."""
