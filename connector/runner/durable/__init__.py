"""Runs that survive anything: ProcessRunner in parts, on an engine that remembers which are done."""
