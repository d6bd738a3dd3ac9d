"""One process at a time: a lock on a file, which the system releases when its holder dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def try_to_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_to_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


PAUSE_S = 0.2


@contextmanager
def exclusively(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on the file at `path`, which is made; call `on_wait` once when somebody else has it."""
    with path.open("ab") as file:
        is_told = False
        while not try_to_lock(file):
            if not is_told:
                on_wait()
                is_told = True
            time.sleep(PAUSE_S)
        yield
