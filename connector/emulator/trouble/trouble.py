"""The trouble of one running emulator: what is asked for, and what has happened."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.emulator.trouble.fault import Fault, Throttle
from connector.emulator.trouble.limits import Limits, changed
from connector.emulator.trouble.meter import Admission, Meter
from connector.emulator.trouble.received import Received, ReceivedLog
from connector.emulator.trouble.rule import Place, Rule
from connector.emulator.trouble.rules import Rules, Standing


@dataclass
class Stay:
    """A request that was admitted: since when, and what was left then."""

    meter: Meter
    since_s: float
    admission: Admission


class Trouble:
    """Faults, limits and the log of requests; for many threads.

    `clock_s` counts the windows of the limits: the machine's monotonic clock, since the emulator's own
    stands still. A test may put another in its place.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.clock_s = clock_s
        self.log = ReceivedLog()
        self.ended = threading.Event()
        self._rules = Rules()
        self._limits = Limits()
        self._lock = threading.Lock()
        self._meters: dict[str, Meter] = defaultdict(Meter)

    # --- faults ---

    def add(self, rule: Rule) -> int:
        """Have a fault strike from now on; the rule's id."""
        return self._rules.add(rule)

    def remove(self, id: int) -> None:
        """Raises UsageError when there is no such rule."""
        self._rules.remove(id)

    def clear(self) -> None:
        """No more faults; what was received and the limits stay."""
        self._rules.clear()

    def standing(self) -> tuple[Standing, ...]:
        return self._rules.standing()

    def choose(self, place: Place, method: str, path: str, query: str = "") -> Fault | None:
        return self._rules.choose(place, method, path, query)

    # --- limits ---

    @property
    def limits(self) -> Limits:
        return self._limits

    def change_limits(self, **changes: Any) -> Limits:
        """Change members of the limits; what was counted so far is forgotten. Raises UsageError."""
        with self._lock:
            self._limits = changed(self._limits, changes)
            self._meters = defaultdict(Meter)
            return self._limits

    def enter(self, user: str) -> Stay | Throttle:
        """Count a request of `user`, or refuse it."""
        with self._lock:
            now_s, meter = self.clock_s(), self._meters[user]
            found = meter.enter(self._limits, now_s)
        return found if isinstance(found, Throttle) else Stay(meter, now_s, found)

    def leave(self, stay: Stay) -> None:
        with self._lock:
            now_s = self.clock_s()
            stay.meter.leave(now_s, now_s - stay.since_s)

    def reset(self) -> None:
        """As at the start: no faults, the limits off, nothing received."""
        self.clear()
        with self._lock:
            self._limits = Limits()
            self._meters = defaultdict(Meter)
        self.forget_received()

    # --- what was received ---

    def received(self) -> tuple[Received, ...]:
        """The latest requests in the order in which they arrived, to both endpoints."""
        return self.log.entries()

    def forget_received(self) -> None:
        self.log.clear()

    def end(self) -> None:
        """The emulator ends: answers that are kept back go out now."""
        self.ended.set()
