"""Durable runs on the command line: `run --durable`, `runs`, `serve`. Needs the extra `durable`."""
