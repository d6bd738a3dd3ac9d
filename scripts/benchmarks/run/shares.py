"""Where the time goes: seconds and requests by what a thread is doing, each of them counted once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

READING, PLANNING, WRITING, ENGINE = "reading", "planning", "writing", "engine"
SENT = logging.getLogger("connector.dataverse")


class Shares(logging.Handler):
    """Something within something else is taken off it. Requests of threads that nobody told of are reading:
    pages are fetched ahead in threads of the client."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seconds: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self._here = threading.local()
        self._lock_of_sums = threading.Lock()

    @contextmanager
    def inside(self, what: str) -> Iterator[None]:
        stack: list[str] = self._stack()
        self._until_now(stack)
        stack.append(what)
        try:
            yield
        finally:
            self._until_now(stack)
            stack.pop()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - the shape of a handler
        stack = self._stack()
        with self._lock_of_sums:
            self.requests[stack[-1] if stack else READING] += 1

    def around(self, owner: Any, name: str, what: str) -> None:
        """Count a function or a method of `owner` from now on; of an iterator, the time to each item."""
        real: Callable[..., Any] = getattr(owner, name)

        @wraps(real)
        def counted(*given: Any, **more: Any) -> Any:
            with self.inside(what):
                found = real(*given, **more)
            return self._each(found, what) if isinstance(found, Iterator) else found

        setattr(owner, name, counted)

    def _each(self, items: Iterator[Any], what: str) -> Iterator[Any]:
        while True:
            with self.inside(what):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    def _stack(self) -> list[str]:
        if not hasattr(self._here, "stack"):
            self._here.stack = []
            self._here.since = time.perf_counter()
        found: list[str] = self._here.stack
        return found

    def _until_now(self, stack: list[str]) -> None:
        now = time.perf_counter()
        if stack:
            with self._lock_of_sums:
                self.seconds[stack[-1]] += now - self._here.since
        self._here.since = now


@contextmanager
def counting(shares: Shares) -> Iterator[Shares]:
    """The requests of this process while the block lasts: the client logs one line for each."""
    level = SENT.level
    SENT.addHandler(shares)
    SENT.setLevel(logging.DEBUG)
    try:
        yield shares
    finally:
        SENT.removeHandler(shares)
        SENT.setLevel(level)
