"""Records of many contracts on their way to one contract at a time.

Tables arrive in whatever order the environment has them, and a contract is wanted whole. In between stands
an SQLite database without a name: it lives in memory as long as it is small, on disk beyond that, and is
gone with its connection, or with the process.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec

from connector.model.table import Record, Table

R = TypeVar("R", bound=Record)
T = TypeVar("T")
_CACHE_KIB = 16_384
_SCHEMA = """
CREATE TABLE owner (id BLOB PRIMARY KEY, contract BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE part (contract BLOB NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE source (detail BLOB PRIMARY KEY, invoice BLOB NOT NULL, source TEXT) WITHOUT ROWID;
CREATE TABLE invoice (id BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_ADD = """
INSERT INTO part SELECT contract, ?1, ?2 FROM (
  SELECT COALESCE((SELECT contract FROM owner WHERE id = ?3), (SELECT contract FROM owner WHERE id = ?4))
  AS contract) WHERE contract IS NOT NULL
"""


class Spill:
    """Safe for several threads, one at a time inside."""

    def __init__(self) -> None:
        connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        connection.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB};{_SCHEMA}"
        )
        connection.execute("BEGIN")
        weakref.finalize(self, connection.close)
        self._connection = connection
        self._lock = threading.Lock()

    def own(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Which contract an id belongs to: a line's, or a contract's own."""
        rows = [(packed(id), packed(contract)) for id, contract in pairs]
        with self._lock:
            self._connection.executemany("INSERT OR IGNORE INTO owner VALUES (?, ?)", rows)

    def add(self, kind: int, rows: Iterable[tuple[Sequence[str | None], bytes]]) -> None:
        """Parts of contracts, each with the ids that may own it: the first that is known does. What belongs
        to nothing that is known goes."""
        found = [(kind, body, *(None if id is None else packed(id) for id in ids)) for ids, body in rows]
        with self._lock:
            self._connection.executemany(_ADD, found)

    def execute(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._lock:
            self._connection.executemany(statement, rows)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def one(self, statement: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
        with self._lock:
            found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
            return found

    def contracts(self) -> Iterator[Iterator[tuple[int, bytes]]]:
        """The parts of one contract after the other, as kind and body, in the order of the kinds."""
        query = "SELECT contract, kind, body FROM part ORDER BY contract, kind, rowid"
        for _, parts in groupby(self._connection.execute(query), itemgetter(0)):
            yield ((kind, body) for _, kind, body in parts)


def packed(id: str) -> bytes:
    """An id in sixteen bytes, however it is written."""
    return UUID(id).bytes


def unpacked(id: bytes) -> str:
    return str(UUID(bytes=id))


def frugal(table: Table[R]) -> Table[R]:
    """The same table with records that leave out, once encoded, what is not there."""
    record = msgspec.defstruct(
        table.record.__name__,
        [],
        bases=(table.record,),
        frozen=True,
        kw_only=True,
        gc=False,
        omit_defaults=True,
    )
    return replace(table, record=cast("type[R]", record))


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
