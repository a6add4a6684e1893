"""Benchmarks: each one command, `python -m benchmarks.NAME [--quick] [--json FILE]`."""
