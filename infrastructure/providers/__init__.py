"""Adapters: one package a provider, each the only place that knows its wire format."""
