"""Being asked to end: Ctrl-C, SIGTERM and the like set an event, so that work ends tidily."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from connector.console.failures import INTERRUPTED
from connector.runner.durable.engine import Stopping

AT_ONCE = b"Ended at once: what was begun is gone on with by the next start.\n"
_ASKED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


@contextmanager
def asked_to_end() -> Iterator[threading.Event]:
    """An event that is set by the first such signal; the second one ends the process at once, which is as
    safe as a crash.

    In another thread than the first no signal can be had: then nothing sets it.
    """
    event = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if event.is_set():
            os.write(sys.stderr.fileno(), AT_ONCE)
            os._exit(INTERRUPTED)
        event.set()

    before: dict[Any, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {one: signal.signal(one, ask) for one in _ASKED}
    try:
        yield event
    except Stopping:
        raise KeyboardInterrupt from None
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
