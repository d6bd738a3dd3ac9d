"""The scaled-down service protection limit: so many requests within a sliding window."""

from __future__ import annotations

import math
import threading
from collections import deque


class SlidingWindow:
    """Lets `most` requests pass within any `window_s` seconds. Refused ones do not count."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._passed: deque[float] = deque()
        self._lock = threading.Lock()

    def ask(self, now_s: float) -> int:
        """0 when the request may pass; otherwise Retry-After: whole seconds, rounded up."""
        with self._lock:
            while self._passed and self._passed[0] <= now_s - self._window_s:
                self._passed.popleft()
            if len(self._passed) < self._most:
                self._passed.append(now_s)
                return 0
            return max(1, math.ceil(self._passed[0] + self._window_s - now_s))


def least_s(requests: int, most: int, window_s: float) -> float:
    """The seconds between the first and the last of that many requests, if they pass as early as allowed."""
    return (requests - 1) // most * window_s if requests else 0.0


def share_used(requests: int, seconds: float, most: int, window_s: float) -> float:
    """What part of the budget was used: the least time over the time taken. 1.0 when nothing was limited."""
    least = least_s(requests, most, window_s)
    return least / seconds if least and seconds else 1.0
