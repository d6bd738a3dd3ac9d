"""What was received, in order; bounded."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from connector.emulator.trouble.rule import Place

MOST_RECEIVED = 10_000


@dataclass(frozen=True)
class Received:
    """One request that arrived.

    `number` counts from 1. `status` is what was answered, None when nothing was (so far). `took_effect`:
    the environment carried it out, whether or not its answer arrived; for a $batch that the batch as such
    was answered well. `fault` is the kind of fault that struck it, or "limit", or empty.
    """

    number: int
    place: Place
    method: str
    path: str
    status: int | None = None
    took_effect: bool = False
    fault: str = ""


@dataclass
class Entry:
    """What is known so far of a request that is being answered; noted before the client can know it."""

    number: int
    place: Place
    method: str
    path: str
    status: int | None = None
    took_effect: bool = False
    fault: str = ""


class ReceivedLog:
    def __init__(self, most: int = MOST_RECEIVED) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=most)
        self._count = 0

    def begin(self, place: Place, method: str, path: str) -> Entry:
        with self._lock:
            self._count += 1
            entry = Entry(self._count, place, method, path)
            self._entries.append(entry)
            return entry

    def entries(self) -> tuple[Received, ...]:
        with self._lock:
            return tuple(Received(**vars(entry)) for entry in self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
