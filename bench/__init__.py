"""Benchmarks, each run by `python -m bench.<name>` on servers of its own."""
