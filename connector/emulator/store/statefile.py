"""Whose file is it? A state file carries our mark, and one process owns it at a time.

The owner holds a write lock on a small SQLite file beside it (`FILE-owner`): the lock ends with the
process, however it ends, works the same on every platform, and the file tells others where the
running emulator listens.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path

from connector.errors import StateFileError

APPLICATION_ID = 0x504A4F50  # "PJOP"
LAYOUT_VERSION = 1
_MAGIC = b"SQLite format 3\x00"
_OTHER_FILE = "Name another file: this one is left untouched."


class StateFileInUseError(StateFileError):
    """Another process owns the file at this moment: the only trouble that passes by itself."""


def check_state_file(path: Path) -> bool:
    """True when `path` is one of ours, False when nothing is there yet; a StateFileError otherwise.

    Only the header is read (SQLite's file format: application id at byte 68, user version at 60).
    """
    if not path.parent.is_dir():
        raise StateFileError(
            f"The folder {path.parent} of the state file does not exist.", "Create it first."
        )
    if not path.exists():
        return False
    if not path.is_file():
        raise StateFileError(f"{path} is not a file.", _OTHER_FILE)
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StateFileError(f"{path} cannot be read: {error.strerror}.", _OTHER_FILE) from error
    # SQLite itself would open it, and refuse the first write.
    if not os.access(path, os.W_OK):
        raise StateFileError(
            f"{path} cannot be written to.", "Give yourself the right to, or name another file."
        )
    if not header:
        return False
    if not header.startswith(_MAGIC) or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StateFileError(f"{path} is not a state file of the emulator.", _OTHER_FILE)
    version = int.from_bytes(header[60:64], "big")
    if version != LAYOUT_VERSION:
        raise StateFileError(
            f"{path} has layout {version}, this version reads layout {LAYOUT_VERSION}.",
            "Use the version that made the file, or start a new one.",
        )
    return True


class Ownership:
    """The claim of this process on a state file; held until `release`."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                owner_file(path), timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        try:
            self._connection.execute("CREATE TABLE IF NOT EXISTS owner (facts TEXT)")
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._connection.close()
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF != sqlite3.SQLITE_BUSY:
                raise _unusable(path, error) from error
            raise StateFileInUseError(
                f"{path} is in use by another emulator.",
                "Stop that one, or use it at the address that it printed.",
            ) from error

    def publish(self, facts: dict[str, str]) -> None:
        """Let whoever may read the state file itself also read where its emulator listens."""
        # Whoever looks at this very moment holds the lock for an instant: wait for it.
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.execute("DELETE FROM owner")
        self._connection.execute("INSERT INTO owner VALUES (?)", (json.dumps(facts),))
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("DELETE FROM owner")
            self._connection.execute("COMMIT")
        self._connection.close()


def _unusable(path: Path, error: sqlite3.Error) -> StateFileError:
    """The file beside the state cannot be written, or is something else."""
    beside = owner_file(path)
    return StateFileError(
        f"{path} cannot be served: {beside.name} beside it cannot be used ({error}).",
        f"Use a folder that can be written to; delete {beside.name} if it is none of an emulator's.",
    )


def owner_file(path: Path) -> Path:
    return path.with_name(path.name + "-owner")


def remove_state_file(path: Path) -> None:
    """A state that came to nothing, with what SQLite and its owner left beside it."""
    for suffix in ("", "-wal", "-shm", "-journal", "-owner"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def read_owner(path: Path) -> dict[str, str] | None:
    """What the process that owns `path` right now has published; None when nobody owns it."""
    beside = owner_file(path)
    if not beside.exists():
        return None
    connection = sqlite3.connect(beside, timeout=0, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            row = connection.execute("SELECT facts FROM owner").fetchone()
            return dict(json.loads(row[0])) if row else {}
        connection.execute("ROLLBACK")
        return None
    except sqlite3.DatabaseError:
        return None
    finally:
        connection.close()
