"""Counting one user's requests against the limits. Pure: the time is handed in, in seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.emulator.trouble.fault import Limit, Throttle
from connector.emulator.trouble.limits import Limits

UNDER_WAY_S = 0.5
"""What arrives so soon after a pause was announced was sent before the client could know of it."""


@dataclass(frozen=True)
class Admission:
    """What is left after this request: requests, and seconds of execution within the window."""

    requests_left: int
    execution_left_s: float


@dataclass
class Meter:
    """One user. `enter` each request and, when it was admitted, `leave` it with its duration."""

    arrivals: deque[float] = field(default_factory=deque)
    executions: deque[tuple[float, float]] = field(default_factory=deque)
    """When each ended, and how long it took."""
    used_s: float = 0.0
    """Their sum."""
    running: int = 0
    told_at_s: float = 0.0
    told_until_s: float = 0.0
    """When the latest pause was announced, and when it ends."""
    pressed: int = 0
    """How often the client came back although it had been told to wait."""

    def enter(self, limits: Limits, now_s: float) -> Admission | Throttle:
        """Refused requests are not counted; whoever comes back before a pause is over gets a longer one."""
        self._forget(now_s - limits.window_s)
        if self.running >= limits.simultaneous:
            return self._refusal(limits, "concurrency", 1.0, now_s)
        if len(self.arrivals) >= limits.requests:
            free_at_s = self.arrivals[len(self.arrivals) - limits.requests] + limits.window_s
            return self._refusal(limits, "requests", free_at_s - now_s, now_s)
        if self.used_s >= limits.execution_s:
            free_at_s = _free_at(self.executions, self.used_s - limits.execution_s) + limits.window_s
            return self._refusal(limits, "time", free_at_s - now_s, now_s)
        self.pressed, self.told_until_s = 0, now_s
        self.running += 1
        self.arrivals.append(now_s)
        return Admission(limits.requests - len(self.arrivals), limits.execution_s - self.used_s)

    def leave(self, now_s: float, duration_s: float) -> None:
        self.running -= 1
        self.executions.append((now_s, duration_s))
        self.used_s += duration_s

    def _refusal(self, limits: Limits, limit: Limit, until_free_s: float, now_s: float) -> Throttle:
        if now_s >= self.told_until_s:
            self.pressed, self.told_at_s = 0, now_s
        elif now_s - self.told_at_s > UNDER_WAY_S:
            self.pressed, self.told_at_s = self.pressed + 1, now_s
        longer_s = max(1.0, until_free_s) * 2 ** min(self.pressed, 16)
        pause_s = min(math.ceil(longer_s), limits.longest_pause_s)
        self.told_until_s = max(self.told_until_s, now_s + pause_s)
        return Throttle(limit=limit, retry_after_s=pause_s)

    def _forget(self, before_s: float) -> None:
        while self.arrivals and self.arrivals[0] <= before_s:
            self.arrivals.popleft()
        while self.executions and self.executions[0][0] <= before_s:
            self.used_s -= self.executions.popleft()[1]
        if not self.executions:
            self.used_s = 0.0  # what rounding has left


def _free_at(executions: Iterable[tuple[float, float]], excess_s: float) -> float:
    """When the execution ended with whose leaving the window there is room again."""
    left_s = excess_s
    for ended_s, duration_s in executions:
        left_s -= duration_s
        if left_s < 0:
            return ended_s
    return 0.0
