"""How many rows go into a chunk: as many as are answered in some seconds."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from typing import Final

from connector.dataverse.writing.batch import LARGEST_BATCH
from connector.errors import UsageError

_GROWTH: Final = 4


@dataclass(frozen=True)
class Chunks:
    """How rows are divided into requests. All numbers are rows, but `aim_s` and `most_bytes`.

    A chunk follows the answer times, so that an answer takes about `aim_s`: in one step to four times
    the size at the most, and to half of it at the least; after a timeout it is half of what took too
    long. `most_bytes` bounds a request's body: the service names no limit that always holds.
    Source: Microsoft's advice to start small, to make the number configurable and to shrink it on timeouts.
    """

    start: int = 100
    ceiling: int = 1_000
    floor: int = 1
    aim_s: float = 3.0
    most_bytes: int = 8_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.floor <= self.ceiling <= LARGEST_BATCH or self.start < 1 or self.aim_s <= 0:
            raise UsageError(
                f"{self} cannot be.", f"1 <= floor <= ceiling <= {LARGEST_BATCH}; start and aim_s above 0."
            )

    def after(self, size: int, rows: int, took_s: float) -> int:
        """The next size, when so many rows were answered in so many seconds."""
        if rows < size / 2:
            # The tail of the input tells little about full chunks.
            return size
        fitting = rows * self.aim_s / max(took_s, 0.001)
        return self._within(int(min(_GROWTH * size, max(size / 2, fitting))))

    def after_timeout(self, size: int, rows: int) -> int:
        """The next size, when so many rows took too long."""
        return self._within(min(size, rows // 2))

    def _within(self, size: int) -> int:
        return max(self.floor, min(self.ceiling, size))


STANDARD: Final = Chunks()
# Rows that an elastic table takes in a request.
ELASTIC_CEILING: Final = 100
# "If batching, begin with about 10" operations.
BATCHED: Final = replace(STANDARD, start=10)


class Size:
    """The size of the next chunk, learnt by all threads of one piece of bulk work."""

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks
        self._lock = threading.Lock()
        self._size = max(chunks.floor, min(chunks.start, chunks.ceiling))

    @property
    def now(self) -> int:
        return self._size

    def answered(self, rows: int, took_s: float) -> None:
        with self._lock:
            self._size = self.chunks.after(self._size, rows, took_s)

    def timed_out(self, rows: int) -> None:
        with self._lock:
            self._size = self.chunks.after_timeout(self._size, rows)


class Shares:
    """How a list of known length is divided: chunks go in waves, one to each lane.

    Those of a wave have the same size where it would not end the list otherwise, so that the lanes have their
    last rows at the same time. Dividing what is left anew for each chunk would make ever more of ever smaller
    ones.
    """

    def __init__(self, size: Size, count: int) -> None:
        self._size = size
        self._left = count
        self._lanes = 0
        self._fair = 0

    def next(self, width: int) -> int:
        """The size of the next chunk: what is right now, but no more than a lane's share of what is left."""
        if not self._lanes:
            self._lanes = width
            self._fair = max(self._size.chunks.start, math.ceil(self._left / width))
        self._lanes -= 1
        return min(self._size.now, self._fair)

    def took(self, rows: int) -> None:
        self._left -= rows
