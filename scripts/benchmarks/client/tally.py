"""What a server was asked to write: every row by its number, after the measurement and not within it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field

_NUMBER = re.compile(rb"row (\d{8})")


@dataclass
class Tally:
    """Bodies of writes that were accepted, and when."""

    bodies: list[bytes] = field(default_factory=list)
    refused: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepted(self, body: bytes, now_s: float) -> None:
        with self._lock:
            self.first_s = self.first_s if self.bodies else now_s
            self.last_s = now_s
            self.bodies.append(body)

    def was_refused(self) -> None:
        with self._lock:
            self.refused += 1

    def report(self) -> dict[str, float]:
        """Requests and rows; `distinct` and `rows` differ where a row came twice."""
        seen = numbers_in(self.bodies)
        return {
            "requests": len(self.bodies),
            "refused": self.refused,
            "rows": seen.total(),
            "distinct": len(seen),
            "seconds": self.last_s - self.first_s,
        }


def numbers_in(bodies: list[bytes]) -> Counter[bytes]:
    """How often each row was sent."""
    return Counter(number for body in bodies for number in _NUMBER.findall(body))
