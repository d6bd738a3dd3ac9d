"""Writing a file that only its owner may read: all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from connector.errors import StateFileError


def write_private(file: Path, chunks: Iterable[bytes]) -> None:
    """Write beside `file` and put it in its place at the end; what stood there stays until then.

    Raises StateFileError where it cannot be written; what `chunks` raises leaves nothing behind.
    """
    half = file.with_name(file.name + "-half")
    try:
        half.unlink(missing_ok=True)
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.writelines(chunks)
        half.replace(file)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise StateFileError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from None
    except BaseException:
        half.unlink(missing_ok=True)
        raise
