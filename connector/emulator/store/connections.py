"""The connections to a state: SQLite's own, with pragmas and collations, lent to one transaction each."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from connector.emulator.store.aggregates import DECIMAL_SUM, DecimalSum
from connector.emulator.store.statefile import APPLICATION_ID, LAYOUT_VERSION
from connector.emulator.store.text import DOUBLE_TEXT, MATCHES, add_collations, double_text, matches

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_BUSY_TIMEOUT_S = 30.0
_STATEMENTS = 512
_KEPT = 8


class Line:
    """One connection: `raw` is SQLite's, `core` carries out what SQLAlchemy describes, inside the same
    transaction.
    """

    def __init__(self, path: Path | None) -> None:
        self.raw = sqlite3.connect(
            ":memory:" if path is None else str(path),
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        try:
            _prepare(self.raw)
        except sqlite3.Error:
            self.raw.close()
            raise

    @cached_property
    def core(self) -> Connection:
        from connector.emulator.store.core import core_connection  # noqa: PLC0415 - heavy: not for the start

        return core_connection(self.raw)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that is committed at the end, or taken back when an exception leaves it."""
        self.raw.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.commit()
        except BaseException:
            self.raw.rollback()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that sees one state from its first question on."""
        self.raw.execute("BEGIN")
        try:
            yield
        finally:
            self.raw.rollback()

    def commit(self) -> None:
        """End what is being written, where the end of the block would be too late."""
        if self.raw.in_transaction:
            self.raw.execute("COMMIT")


class Connections:
    """Of a file as many as are wanted at a time, a few of which are kept; of memory the only one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[Line] = []
        self._is_closed = False

    @contextlib.contextmanager
    def lend(self) -> Iterator[Line]:
        with self._lock:
            line = self._idle.pop() if self._idle else None
        line = line or Line(self._path)
        try:
            yield line
        finally:
            self._take_back(line)

    def close(self) -> None:
        """Close what is idle; what is lent is closed when it comes back."""
        with self._lock:
            self._is_closed, idle = True, self._idle
            self._idle = []
        for line in idle:
            line.raw.close()

    def _take_back(self, line: Line) -> None:
        with self._lock:
            is_kept = not self._is_closed and len(self._idle) < _KEPT
            if is_kept:
                self._idle.append(line)
        if not is_kept:
            line.raw.close()


def _prepare(connection: sqlite3.Connection) -> None:
    add_collations(connection)
    connection.create_function(MATCHES, 2, matches, deterministic=True)
    connection.create_function(DOUBLE_TEXT, 1, double_text, deterministic=True)
    connection.create_aggregate(DECIMAL_SUM, 1, DecimalSum)  # type: ignore[arg-type]  # typed for integers
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        # The mark comes before WAL: the file itself must carry it, not only its log.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
