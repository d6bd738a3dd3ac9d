"""Knowing when a client begins to pause, in tests that do not sleep."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def at_a_pause(then: Callable[[], object]) -> Iterator[None]:
    """Calls `then` when a client begins a pause, in the thread that pauses."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.INFO:
                then()

    log, handler = logging.getLogger("connector.dataverse"), Told()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
