"""What is known of a thing that is read again and again: the last value, and how reading it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from connector.errors import HttpError, ProjopsError, SignInError, Throttled, Unreachable, UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the latest reading failed: `title` in a few words, `message` and `hint` as the error has them.

    `since_s` is when the first of the failures in a row came, `retry_after_s` what the service asked for.
    """

    title: str
    message: str
    hint: str
    since_s: float
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """`value` is the last one that could be read, at `read_s`; None before the first.

    `number` counts the readings that have ended, well or not. `reading_since_s` is when the one that is under
    way began, `failures` counts those that failed since the last value. Seconds are of one monotonic clock.
    """

    value: T | None = None
    read_s: float | None = None
    number: int = 0
    trouble: Trouble | None = None
    failures: int = 0
    reading_since_s: float | None = None

    @property
    def is_reading(self) -> bool:
        return self.reading_since_s is not None


class Topic(Generic[T]):
    """One thing that is read: by one thread at a time, looked at by all."""

    def __init__(
        self,
        read: Callable[[], T],
        tell_fault: Callable[[Exception], str] = lambda fault: type(fault).__name__,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read` raises ProjopsError for what can be expected; `tell_fault` tells of anything else."""
        self._read = read
        self._tell_fault = tell_fault
        self._clock = clock
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._known: Known[T] = Known()

    @property
    def known(self) -> Known[T]:
        return self._known

    def read_now(self) -> Known[T]:
        """Read, or wait for the reading that is under way; what fails is kept beside the last value."""
        if not self._turn.acquire(blocking=False):
            with self._turn:
                return self._known
        try:
            self._known = replace(self._known, reading_since_s=self._clock())
            ended = self._attempted()
            with self._changed:
                self._known = replace(ended, number=ended.number + 1)
                self._changed.notify_all()
        finally:
            self._turn.release()
        return self._known

    def wait_beyond(self, number: int, timeout_s: float) -> Known[T]:
        """What is known once it is newer than `number`, or when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._known.number > number, timeout_s)
            return self._known

    def _attempted(self) -> Known[T]:
        try:
            value = self._read()
        except ProjopsError as error:
            return self._failed(_trouble(error, self._since()))
        except Exception as fault:  # noqa: BLE001 - the page goes on with what it knows, and says so
            message = f"A fault in the program. {self._tell_fault(fault)}"
            return self._failed(Trouble("A fault in the program", message, "", self._since()))
        return Known(value, self._clock(), self._known.number)

    def _failed(self, trouble: Trouble) -> Known[T]:
        failures = self._known.failures + 1
        return replace(self._known, trouble=trouble, failures=failures, reading_since_s=None)

    def _since(self) -> float:
        before = self._known.trouble
        return self._clock() if before is None else before.since_s


def _trouble(error: ProjopsError, since_s: float) -> Trouble:
    pause = error.retry_after_s if isinstance(error, HttpError) else None
    return Trouble(_title(error), error.message, error.hint, since_s, pause)


def _title(error: ProjopsError) -> str:
    if isinstance(error, Throttled):
        return "The environment asks for a pause"
    if isinstance(error, Unreachable):
        return "The environment does not answer"
    if isinstance(error, UsageError):
        return "It cannot be found"
    if isinstance(error, SignInError):
        return "Signing in failed"
    if isinstance(error, HttpError) and error.status == 401:
        return "The sign-in is not accepted"
    if isinstance(error, HttpError) and error.status == 403:
        return "It may not be read"
    if isinstance(error, HttpError) and error.status >= 500:
        return "The environment is in trouble"
    return "It could not be read"
