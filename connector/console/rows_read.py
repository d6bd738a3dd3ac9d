"""What has been read so far, on stderr, where a person sits before it."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.console.voice import Voice


@contextmanager
def rows_read(voice: Voice) -> Iterator[Callable[[str, int], None]]:
    """A function to tell of rows of a table, from any thread; silent without a terminal and with --quiet."""
    if voice.is_quiet or not sys.stderr.isatty():
        yield lambda _name, _count: None
        return
    from rich.console import Console

    counts: Counter[str] = Counter()
    lock = threading.Lock()
    with Console(stderr=True).status("Reading the environment …") as status:

        def told(name: str, count: int) -> None:
            with lock:
                counts[name] += count
                status.update(f"Reading: {counts.total():,} rows so far, {name} {counts[name]:,}")

        yield told
