"""A value that takes its time to make: made beside the first requests, waited for by whoever needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

_T = TypeVar("_T")
_FIRST_MOMENTS_S = 0.2


class Loaded(Generic[_T]):
    """`make` is called once, in a thread of its own: as soon as the value is wanted, or a moment after
    `begin`, which leaves the processor to what is answered first.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._future: Future[_T] = Future()
        self._lock = threading.Lock()
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="projops-emulator-loading", daemon=True
                )
                self._thread.start()

    def get(self) -> _T:
        """Waits until it is there. Raises what `make` raised."""
        self._is_wanted.set()
        self.begin()
        return self._future.result()

    def _run(self) -> None:
        self._is_wanted.wait(_FIRST_MOMENTS_S)
        try:
            self._future.set_result(self._make())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self._future.set_exception(error)
