"""A whole state as bytes: what a snapshot file holds, and how it gets into an open store again.

The bytes are an SQLite file like any state file, so a snapshot can be served itself.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from connector.emulator.store.statefile import APPLICATION_ID, LAYOUT_VERSION
from connector.emulator.store.text import add_collations
from connector.errors import StateFileError

_MAGIC = b"SQLite format 3\x00"
_ROLLBACK_JOURNAL = b"\x01\x01"
_NONE_OF_OURS = "This is no snapshot of an emulator, or only a part of one."
_HOW_TO_MAKE = "Make one with `projops emulator snapshot save`."


@dataclass(frozen=True)
class Image:
    """One state. Made by `Store.image`, or from bytes that are checked first by `read`.

    `schema` is the version of the schema that it surely has, empty where that is not known.
    """

    content: bytes
    schema: str = ""

    def __repr__(self) -> str:
        return f"Image({len(self.content)} bytes)"

    @classmethod
    def of(cls, connection: sqlite3.Connection, schema: str) -> Self:
        """The state as of the connection's open transaction."""
        content = bytearray(connection.serialize())
        # Bytes 18 and 19 of the header say WAL, which memory cannot do.
        content[18:20] = _ROLLBACK_JOURNAL
        return cls(bytes(content), schema)

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Raises StateFileError for bytes that are no state of ours, or one of another layout."""
        if not content.startswith(_MAGIC) or int.from_bytes(content[68:72], "big") != APPLICATION_ID:
            raise StateFileError(_NONE_OF_OURS, _HOW_TO_MAKE)
        version = int.from_bytes(content[60:64], "big")
        if version != LAYOUT_VERSION:
            raise StateFileError(
                f"The snapshot has layout {version}, this version reads layout {LAYOUT_VERSION}.",
                "Use the version that made it.",
            )
        image = cls(b"".join((content[:18], _ROLLBACK_JOURNAL, content[20:])))
        try:
            with image.opened() as connection:
                is_whole = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            image.setting("clock")
        except (sqlite3.Error, ValueError, TypeError):
            is_whole = False
        if not is_whole:
            raise StateFileError(_NONE_OF_OURS, _HOW_TO_MAKE)
        return image

    def setting(self, name: str) -> Any:
        """A small value of the state; None when it has none of this name."""
        with self.opened() as connection:
            found = connection.execute("SELECT value FROM emu_meta WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def put(self, connection: sqlite3.Connection, *, is_memory: bool) -> None:
        """Become the state behind a connection that has no open transaction."""
        if is_memory:
            connection.deserialize(self.content)
            return
        with self.opened() as source:
            source.backup(connection)

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(":memory:")
        add_collations(connection)
        try:
            connection.deserialize(self.content)
            yield connection
        finally:
            connection.close()
