"""Benchmarks: a package for each, started by `scripts/bench.py`; figures in docs/performance.md."""
