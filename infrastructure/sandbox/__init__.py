"""Servers on loopback that speak the wire formats of chains and providers, with faults to set."""
