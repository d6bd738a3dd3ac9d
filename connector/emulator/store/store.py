"""The emulator's state: one SQLite file (or memory), one writer at a time, readers beside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from connector.emulator.schema import Own, Schema, own_of_state
from connector.emulator.store.connections import Connections
from connector.emulator.store.image import Image
from connector.emulator.store.layout import layout_of
from connector.emulator.store.statefile import Ownership, check_state_file
from connector.emulator.store.transaction import CLOCK, OWN, Transaction
from connector.errors import StateFileError


class Store:
    """Open with `Store.open`, close with `close`; every access goes through a transaction."""

    def __init__(self, path: Path | None, schema: Schema, now: datetime) -> None:
        self.path = path
        self.schema = schema
        self.is_new = path is None or not check_state_file(path)
        self.owner = Ownership(path) if path else None
        self._connections = Connections(path)
        self._layout = layout_of(schema)
        self._writer = threading.Lock()
        # Memory has a single connection: readers take turns with the writer.
        self._reader: contextlib.AbstractContextManager[object] = (
            self._writer if path is None else contextlib.nullcontext()
        )
        # Whoever begins to read finds the tables as the schema says that they are.
        self._switching = threading.Lock()
        self._opened = threading.local()
        self._prepare(now)

    @classmethod
    def open(cls, path: Path | None, schema: Schema, *, now: datetime) -> Store:
        """Open or make a state file; None keeps everything in memory.

        `now` is where the clock of a new file stands; an old one has its own.
        Raises StateFileError for a file that is none of ours or that another process owns.
        """
        return cls(path, schema, now)

    @property
    def now(self) -> datetime:
        """The emulator's clock as of the last committed transaction."""
        return self._now

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: alone, all or nothing. A RuntimeError when this thread has one open already."""
        with self._not_nested(), self._writer, self._connections.lend() as line:
            with line.writing():
                tx = Transaction(line, self.schema, self._layout)
                yield tx
                tx.flush()
                if tx.schema is not self.schema:
                    with self._switching:
                        line.commit()
                        self.schema, self._layout = tx.schema, tx.layout
            self._now = tx.now
        for follow_up in tx.after_commit:
            follow_up()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Read one consistent state; with a file, never waiting for a writer. Does not nest either."""
        with self._not_nested(), self._reader, self._connections.lend() as line, line.reading():
            with self._switching:
                tx = Transaction(line, self.schema, self._layout)
            yield tx

    def image(self) -> Image:
        """The whole state as of now."""
        with self.snapshot() as tx:
            return Image.of(tx.raw, self.schema.version)

    def restore(self, image: Image) -> None:
        """Have the state of an image again, its clock included. Nobody writes meanwhile."""
        with self._not_nested(), self._writer, self._connections.lend() as line:
            image.put(line.raw, is_memory=self.path is None)
            with line.writing():
                if image.schema != self.schema.version:
                    self._use_own(line.raw)
                    self._layout.create(line.raw)
                self._now = Transaction(line, self.schema, self._layout).now

    def extend(self, own: Own) -> None:
        """Add tables and columns for good. Raises UsageError for names that cannot be, and adds nothing."""
        with self.transaction() as tx:
            tx.use_own(tx.schema.own.with_more(own))

    @property
    def own(self) -> Own:
        return self.schema.own

    def _use_own(self, connection: sqlite3.Connection) -> None:
        """The schema that the state was extended to; of a new state there is nothing to read yet."""
        if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return
        found = _setting(connection, OWN)
        own = own_of_state(json.loads(found)) if found else Own()
        if own != self.schema.own:
            self.schema = self.schema.with_own(own)
            self._layout = self._layout.following(self.schema)

    @contextlib.contextmanager
    def _not_nested(self) -> Iterator[None]:
        """Waiting for oneself would be for ever: use the transaction that is open."""
        if getattr(self._opened, "is_open", False):
            raise RuntimeError("A transaction of this thread is open: use it.")
        self._opened.is_open = True
        try:
            yield
        finally:
            self._opened.is_open = False

    def close(self) -> None:
        self._connections.close()
        if self.owner:
            self.owner.release()

    def _prepare(self, now: datetime) -> None:
        try:
            with self._connections.lend() as line, line.writing():
                self._use_own(line.raw)
                self._layout.create(line.raw)
                if _setting(line.raw, CLOCK) is None:
                    row = (CLOCK, json.dumps(now.isoformat()))
                    line.raw.execute("INSERT INTO emu_meta (name, value) VALUES (?, ?)", row)
            with self.snapshot() as tx:
                self._now = tx.now
        except sqlite3.DatabaseError as error:
            self.close()
            raise StateFileError(
                f"{self.path} cannot be used as a state file: {error}.", "Name another file."
            ) from error


def _setting(connection: sqlite3.Connection, name: str) -> str | None:
    found = connection.execute("SELECT value FROM emu_meta WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])
