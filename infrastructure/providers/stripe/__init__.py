"""Stripe's crypto on-ramp: sessions on its hosted page."""
