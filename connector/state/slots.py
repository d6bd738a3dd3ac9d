"""The place of a worker: a stable id that one process at a time has, held by a lock that dies with it.

The ids lie in a folder of this machine. Whoever is killed and started again gets his id back at once, and
with it the runs that he left; a second process beside him gets another.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from connector.errors import StateUnusable

if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_to_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


MOST_SLOTS = 1000


@contextmanager
def slot(folder: Path) -> Iterator[str]:
    """The id of the first slot that is free, for as long as the block lasts. Raises StateUnusable."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            id = _first_free(folder, stack)
        except OSError as error:
            raise StateUnusable(
                f"No worker can be kept in {folder}: {error.strerror}.", "Check its rights."
            ) from None
        yield id


def _first_free(folder: Path, stack: ExitStack) -> str:
    for number in range(MOST_SLOTS):
        with ExitStack() as this:
            file = this.enter_context((folder / f"slot-{number}.lock").open("a+b"))
            if _try_to_lock(file):
                stack.push(this.pop_all())
                return _id_in(folder / f"slot-{number}.id")
    raise StateUnusable(f"All {MOST_SLOTS} workers of {folder} are at work.", "End one of them.")


def is_slot_free(folder: Path, id: str) -> bool:
    """Whether the slot with this id is one of this machine and nobody holds it: its worker is dead."""
    for path in sorted(folder.glob("slot-*.id")):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="ascii") == id:
                with path.with_suffix(".lock").open("a+b") as file:
                    return _try_to_lock(file)
    return False


def _id_in(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if found := path.read_text(encoding="ascii"):
            return found
    made = f"worker-{uuid4().hex[:12]}"
    beside = path.with_suffix(".new")
    beside.write_text(made, encoding="ascii")
    os.replace(beside, path)  # noqa: PTH105  # a file that was cut off must not be read as an id
    return made
