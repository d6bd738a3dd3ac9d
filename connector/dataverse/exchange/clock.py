"""Seconds that pass, for budgets and pauses: a duration, never a date."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from connector.dataverse.exchange.watching import Interest


class Clock:
    """Counts seconds. Sleeping makes them pass for all threads, even where `sleep` is not the real one."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._ahead_s = 0.0

    def now_s(self) -> float:
        """Seconds since some instant in the past."""
        return time.monotonic() + self._ahead_s

    def sleep(self, seconds: float, watch: Interest | None = None) -> None:
        """Ends early when `watch` says so; a `sleep` of the caller's cannot be cut short."""
        if watch is not None and (watch.is_cancelled or self._sleep is time.sleep):
            watch.pause(seconds)
            return
        until_s = self.now_s() + seconds
        self._sleep(seconds)
        with self._lock:
            self._ahead_s += max(0.0, until_s - self.now_s())
