"""Keeps calls away from providers that fail, and from our own haste."""
