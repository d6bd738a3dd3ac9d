"""The rules in force, with their counts; used by many threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from connector.emulator.trouble.fault import Fault
from connector.emulator.trouble.rule import Place, Rule, matches, strikes
from connector.errors import UsageError


@dataclass(frozen=True)
class Standing:
    """A rule in force: how many requests it has matched and how many of them it has struck."""

    id: int
    rule: Rule
    matched: int = 0
    struck: int = 0


@dataclass
class _Count:
    rule: Rule
    matched: int = 0
    struck: int = 0


class Rules:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[int, _Count] = {}
        self._last_id = 0

    def add(self, rule: Rule) -> int:
        with self._lock:
            self._last_id += 1
            # A new dictionary each time: `choose` looks without the lock whether there is any.
            self._counts = {**self._counts, self._last_id: _Count(rule)}
            return self._last_id

    def remove(self, id: int) -> None:
        """Raises UsageError when there is no such rule."""
        with self._lock:
            if id not in self._counts:
                known = ", ".join(map(str, self._counts)) or "none"
                raise UsageError(f"There is no fault rule {id}.", f"There are: {known}.")
            self._counts = {known: count for known, count in self._counts.items() if known != id}

    def clear(self) -> None:
        with self._lock:
            self._counts = {}

    def standing(self) -> tuple[Standing, ...]:
        with self._lock:
            return tuple(
                Standing(id, count.rule, count.matched, count.struck) for id, count in self._counts.items()
            )

    def choose(self, place: Place, method: str, path: str, query: str = "") -> Fault | None:
        """The fault that strikes this request: of several rules the oldest. Each counts it."""
        if not self._counts:
            return None
        chosen: Fault | None = None
        with self._lock:
            for count in self._counts.values():
                if not matches(count.rule, place, method, path, query):
                    continue
                count.matched += 1
                if chosen is None and strikes(count.rule, count.matched, count.struck):
                    count.struck += 1
                    chosen = count.rule.fault
        return chosen
